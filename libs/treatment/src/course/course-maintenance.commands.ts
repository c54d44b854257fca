import { localDateSchema } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';
import { referenceSchema } from './course.commands.js';

export const scheduleMaintenanceSchema = z
  .strictObject({
    /** Who decides; a physician. */
    physician: referenceSchema,
    /** First and last day of the window at the course’s site; both belong to it. */
    opens: localDateSchema,
    closes: localDateSchema,
  })
  .meta({ id: 'ScheduleMaintenance' });

export const resumeMaintenanceSchema = z.strictObject({}).meta({ id: 'ResumeMaintenance' });
