-- The lines of a patient who is erased are found by the patient: what tells their content is removed.
create index import_line_patient on import_line (chain, id) where file = 'patients';
