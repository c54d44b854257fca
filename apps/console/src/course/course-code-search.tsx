import { type FormEvent, useState } from 'react';

interface CourseCodeSearchProps {
  code: string | undefined;
  onSearch: (code: string | undefined) => void;
}

/** Courses are found by their whole code, as it stands on paper. */
export function CourseCodeSearch({ code, onSearch }: CourseCodeSearchProps) {
  const [text, setText] = useState(code ?? '');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSearch(text.trim().toUpperCase() || undefined);
  };
  return (
    <form role="search" aria-label="Courses" onSubmit={submit} className="flex flex-col gap-1">
      <label htmlFor="course-code" className="text-xs font-medium text-faint">
        Course code
      </label>
      <input
        id="course-code"
        type="search"
        className="field code w-36"
        placeholder="C000001"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
    </form>
  );
}
