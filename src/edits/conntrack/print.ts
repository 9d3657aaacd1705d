/** Edits → `conntrack …`. */
import type { ConntrackEdit } from '../../model/edit.ts'

/** The words of the command, not yet quoted for a shell. `long`: ends by the long names of their options. */
export function conntrackWords(edit: ConntrackEdit, long = false): string[] {
  if (edit.op === 'flush') return ['conntrack', '-F']
  const { family, protocol, original = {}, reply = {}, mark, markMask, zone, state, srcNat, dstNat } = edit
  const plain = (prefix: string | undefined) => prefix?.replace(/\/(32|128)$/, '')
  const implied = [original.src, original.dst, reply.src, reply.dst].some((one) => one !== undefined)
  const nat = (option: string, value: string | true | undefined) =>
    value === undefined ? [] : value === true ? [option] : [option, value]
  const given = (options: Record<string, string | number | undefined>) =>
    Object.entries(options).flatMap(([option, value]) => (value === undefined ? [] : [option, String(value)]))
  const hasNat = typeof srcNat === 'string' || typeof dstNat === 'string'
  const isSaid = family !== undefined && (!(implied || hasNat) || (long && family === 'ip6'))
  const [src, dst, sport, dport] = long
    ? (['--orig-src', '--orig-dst', '--orig-port-src', '--orig-port-dst'] as const)
    : (['-s', '-d', '--sport', '--dport'] as const)
  return [
    ...['conntrack', '-D'],
    ...given({ '-f': isSaid ? (family === 'ip' ? 'ipv4' : 'ipv6') : undefined, '-p': protocol }),
    ...given({ [src]: plain(original.src), [dst]: plain(original.dst) }),
    ...given({ [sport]: original.sport, [dport]: original.dport, '--icmp-type': original.icmpType }),
    ...given({ '--icmp-code': original.icmpCode, '--icmp-id': original.icmpId }),
    ...given({ '-r': plain(reply.src), '-q': plain(reply.dst) }),
    ...given({ '--reply-port-src': reply.sport, '--reply-port-dst': reply.dport }),
    ...nat('--src-nat', srcNat),
    ...nat('--dst-nat', dstNat),
    ...given({ '--state': state, '-w': zone }),
    ...given({ '-m': mark === undefined ? undefined : `${mark}${markMask === undefined ? '' : `/${markMask}`}` }),
  ]
}
