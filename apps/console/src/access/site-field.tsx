import type { SiteRef } from '../api/common.js';

/** Where a role or a key holds, as the field `site` of a form: empty for all sites. */
export function SiteField({ sites }: { sites: readonly SiteRef[] }) {
  return (
    <label className="flex flex-col gap-1">
      <span className="text-xs font-medium text-faint">Where</span>
      <select name="site" defaultValue="" className="field pr-7">
        <option value="">All sites</option>
        {sites.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
