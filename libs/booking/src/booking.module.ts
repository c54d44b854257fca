import { type DynamicModule, Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { References } from '#libs/cqrs/src/references.js';
import type { Queryable } from '#libs/database/src/database.js';
import { READS } from '#libs/engine/src/engine.module.js';
import { Boxes } from '#libs/event-store/src/boxes.js';
import { ExternalCodes } from '#libs/event-store/src/external-codes.js';
import { People } from '#libs/treatment/src/booking.contract.js';
import type { Booking } from './booking.js';
import { SlotController } from './slot/slot.controller.js';
import { SLOT_HANDLERS } from './slot/slot.handlers.js';
import { SlotService } from './slot/slot.service.js';
import { SlotsQuery } from './slots/slots.query.js';

/** The routes of the times that are held for maintenance. */
@Module({})
export class BookingModule {
  static forRoot(booking: Booking): DynamicModule {
    return {
      module: BookingModule,
      imports: [CqrsModule],
      controllers: [SlotController],
      providers: [
        { provide: SlotService, useFactory: () => booking.slots },
        ...SLOT_HANDLERS,
        {
          provide: SlotsQuery,
          inject: [READS, Boxes, ExternalCodes],
          useFactory: (reads: Queryable, boxes: Boxes, codes: ExternalCodes) =>
            new SlotsQuery(reads, new References(codes), new People(reads, codes, boxes)),
        },
      ],
    };
  }
}
