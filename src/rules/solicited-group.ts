import { formatAddress, parseAddress } from '../model/address.ts'

/** The group that its owner has joined (RFC 4291, 2.7.1): `ff02::1:ffXX:XXXX` of an IPv6 address. */
export function solicitedGroup(address: string): string | undefined {
  const bytes = parseAddress(address)
  if (bytes?.length !== 16) return undefined
  return formatAddress(Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, ...bytes.subarray(13)))
}
