/**
 * What is known to be said and not to be so, by the beginning of the statement. It is to become empty: an entry goes when
 * the statement does.
 */
const STILL_WRONG: Readonly<Record<string, readonly string[]>> = {
  'second-uplink-has-a-strict-filter-and-no-rule': [
    'tried with the model, delivered, but on the kernel nothing: sysctl -w net.ipv4.conf.eth1.rp_filter=2',
  ],
}

export const isKnown = (problem: string, said: string): boolean =>
  (STILL_WRONG[problem] ?? []).some((start) => said.startsWith(start))
