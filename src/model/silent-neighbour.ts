import type { Neighbour } from './host.ts'

/** Asked for in vain; or asked for, as host state was collected, which is later than the packets. Undefined: neither. */
export const silentState = ({ state }: Neighbour): string | undefined =>
  state.find((one) => one === 'FAILED' || one === 'INCOMPLETE')
