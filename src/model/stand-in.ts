/**
 * What stands for an address of this host that nothing shows, where a trial has to go on with one. Conditions on it are
 * unknown, and no report shows it. No host is given these: the dummy address of RFC 7600, the discard prefix of RFC 6666.
 */
const STAND_INS = { ip: '192.0.0.8', ip6: '100::8' } as const

export const standInFor = (family: 'ip' | 'ip6'): string => STAND_INS[family]

export const isStandIn = (address: unknown): boolean => address === STAND_INS.ip || address === STAND_INS.ip6
