/** An address and its port in one word, as other programs have it. */
import { parseAddress } from '../model/address.ts'

/** Of `10.0.0.1:80` and `[2001:db8::1]:80`: what is wrong, and what was meant. */
export function addressAndPort(text: string, type = 'host '): [message: string, suggestion: string] | undefined {
  const [, bare, bracketed, port] = /^(?:([\d.]+)|\[([\da-f:]+)\]):(\d+)$/i.exec(text) ?? []
  const address = bare ?? bracketed
  if (address === undefined || !parseAddress(address)) return undefined
  return [
    `"${text}" is an address and a port in one word: write them as two conditions`,
    `${type}${address} and port ${port}`,
  ]
}
