/** What can be read, in words. */
import { wordLines } from '../../model/word-lines.ts'
import { FORMATS, type Recognised } from '../../read/recognise.ts'

const idsOf = (wanted: Recognised['kind']): string[] =>
  FORMATS.flatMap(({ kind, format }) => (kind === wanted ? [format.id] : []))

/** Every name that --as takes. */
export const formatIds = (): string[] => FORMATS.map(({ format }) => format.id)

/** The same, by what they are formats of. */
export const knownFormats = () =>
  [
    wordLines('Formats of captures:  ', idsOf('capture')),
    wordLines('Formats of rulesets:  ', idsOf('ruleset')),
    wordLines('Formats of host state:', idsOf('host')),
  ].join('\n')

/** For those who gave none. */
export const captureWords = () =>
  `A capture tells of packets: dmesg or journalctl -k with TRACE or LOG lines, nft monitor
trace, xtables-monitor --trace, or a pcap of NFLOG (tcpdump -i nflog:1).`
