/** Packets of an incident, really sent, and what their sender sees. */
import type { Incident, Seen, Sending } from './incident.ts'
import type { Lab } from './lab.ts'

export interface Sent {
  sending: Sending
  /** Of TCP and UDP. */
  sport?: number
  seen: Seen
}

/** Milliseconds. A SYN is sent again after a second; where there is no answer, one packet is enough to tell. */
const PATIENCE = { none: 800, some: 5000 }
const FIRST_PORT = 40001

/** Gives each connection a port of its own, so that none meets what connection tracking knows of another. */
export class Sender {
  private readonly lab: Lab
  private next = FIRST_PORT

  constructor(lab: Lab) {
    this.lab = lab
  }

  /** `hope`: a busy machine may take its time; only where nothing should come, it is not waited for that long. */
  async send(sending: Sending, hope: Seen): Promise<Sent> {
    const { from, to } = sending
    const timeout = hope === 'nothing' ? PATIENCE.none : PATIENCE.some
    if (sending.what === 'ping') {
      const { status, out } = await this.lab.run(from, [
        'ping',
        '-n',
        '-c',
        '1',
        '-W',
        String(Math.ceil(timeout / 1000)),
        to,
      ])
      const seen = status === 0 ? 'answered' : /unreachable|prohibited/i.test(out) ? 'unreachable' : 'nothing'
      return { sending, seen }
    }
    const { port } = sending
    if (sending.what === 'tcp') {
      const sport = this.next++
      const answer = await this.lab.ask(from, { do: 'connect', to, port, sport, timeout })
      return { sending, sport, seen: seenOf(answer) }
    }
    const { bytes = 32, tries = 1, sport = this.next++ } = sending
    // a second try is part of the story, and comes soon
    const patience = tries > 1 ? PATIENCE.none : timeout
    const answer = await this.lab.ask(from, { do: 'datagram', to, port, sport, bytes, tries, timeout: patience })
    return { sending, sport, seen: seenOf(answer) }
  }
}

function seenOf({ got, code }: Record<string, unknown>): Seen {
  if (got === 'answered' || got === 'nothing') return got
  return code === 'ECONNREFUSED' ? 'refused' : 'unreachable'
}

/** What a person would type. */
export function sendingCommand(sending: Sending): string {
  const { to } = sending
  const six = to.includes(':') ? ' -6' : ''
  if (sending.what === 'ping') return `ping${six} -c 1 ${to}`
  const { port } = sending
  if (sending.what === 'tcp') return `nc${six} -z -w 1 ${to} ${port}`
  const { sport, bytes = 32 } = sending
  const source = sport === undefined ? '' : ` -p ${sport}`
  return bytes > 100
    ? `head -c ${bytes} /dev/zero | nc${six} -u -w 1${source} ${to} ${port}`
    : `echo | nc${six} -u -w 1${source} ${to} ${port}`
}

export const SEEN_WORDS: Readonly<Record<Seen, string>> = {
  answered: 'answered',
  refused: 'refused at once',
  unreachable: 'got an ICMP unreachable error',
  nothing: 'no reply',
}

export const sendingsOf = ({ packet, alike = [] }: Incident): readonly Sending[] => [...alike, packet]

/** Of what is listed packet by packet: the one in question is sent last. */
export const inQuestion = <T>(list: readonly T[]): T => list.at(-1) as T
