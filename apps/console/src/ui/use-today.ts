import { useQuery } from '@tanstack/react-query';
import { chainQuery } from '../api/chain.js';

/** The chain's date. Until it is known nothing that compares with today is drawn. */
export const useToday = (): string | undefined => useQuery(chainQuery).data?.today;
