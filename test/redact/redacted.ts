/** Files redacted as the command does it, and what may not be in them any more. */
import { parseAddress } from '../../src/model/address.ts'
import { type Recognised, recognise } from '../../src/read/recognise.ts'
import { type Redactor, redactingStream } from '../../src/redact/index.ts'

export const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

export const recognised = (bytes: Uint8Array): Recognised | undefined => recognise(latin1(bytes.subarray(0, 65_536)))

/** In pieces of `size` bytes; undefined where such a file is refused. */
export function redactBytes(bytes: Uint8Array, redactor: Redactor, size = 1 << 18): Uint8Array | undefined {
  const stream = redactingStream(recognised(bytes)!.format.id, redactor)
  if (!stream) return undefined
  const parts: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += size) parts.push(stream.push(bytes.subarray(at, at + size)))
  return Buffer.concat([...parts, stream.end()])
}

/** Addresses that tell nothing of anybody: docs/collect.md lists them. */
const KEPT =
  /^(?:0|127|22[4-9]|23\d|24\d|25[0-5])\.|^169\.254\.|^192\.0\.2\.|^198\.51\.100\.|^203\.0\.113\.|^(?:::|::1)$|^ff|^2001:0?db8:|^fe80:(?:0000)?:|^(?:00:){5}00$|^(?:ff:){5}ff$|^01:00:5e:|^01:80:c2:|^33:33:|^(?:10\.0|100\.64|172\.16|192\.168)\.0\.0$|^f[cd]00::$/i

/** All IPv4, IPv6 and hardware addresses in a text, found without any of what is tested; not those that stay. */
export function addressesIn(text: string): Set<string> {
  const found = new Set<string>()
  for (const [ipv4] of text.matchAll(/(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.]*\d)/g))
    if (parseAddress(ipv4)) found.add(ipv4)
  for (const [word] of text.matchAll(/[0-9a-f]*(?::[0-9a-f]*){2,}/gi)) {
    for (const [mac] of word.matchAll(/(?:[0-9a-f]{2}:){5}[0-9a-f]{2}/gi)) found.add(mac.toLowerCase())
    if (parseAddress(word)) found.add(word.toLowerCase())
  }
  return new Set([...found].filter((one) => !KEPT.test(one)))
}

/** Of those, which are still there; and as bytes, where the file is no text. */
export function leftOver(before: ReadonlySet<string>, after: Uint8Array): string[] {
  const now = addressesIn(latin1(after))
  const left = [...before].filter((one) => now.has(one))
  if (!latin1(after.subarray(0, 4096)).includes('\0')) return left
  const bytes = latin1(after)
  return [...before].filter((one) => {
    const address = parseAddress(one)
    return address !== undefined && bytes.includes(latin1(address))
  })
}
