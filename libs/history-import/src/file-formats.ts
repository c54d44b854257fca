import type { FileFormat } from './file-format.js';
import { coursesFile } from './files/courses.file.js';
import { followupsFile } from './files/followups.file.js';
import { lotsFile } from './files/lots.file.js';
import { patientsFile } from './files/patients.file.js';
import { practitionersFile } from './files/practitioners.file.js';
import { sessionsFile } from './files/sessions.file.js';
import { sitesFile } from './files/sites.file.js';

/** Each file after those that it refers to. */
export const FILE_FORMATS: readonly FileFormat[] = [
  sitesFile,
  practitionersFile,
  patientsFile,
  lotsFile,
  coursesFile,
  sessionsFile,
  followupsFile,
];
