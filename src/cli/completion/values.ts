/** What can stand for an argument or for the value of an option, by the name that help gives it. */
import { networkInterfaces } from 'node:os'
import { formatIds } from '../../analysis/inputs/format-words.ts'
import { OUTCOMES } from '../../analysis/select.ts'
import { INCIDENTS } from '../../demo/incidents/index.ts'
import { meaningOf, nextIn } from '../../filter/next.ts'
import { findingCodes } from '../finding-pages.ts'

export interface Candidate {
  word: string
  meaning?: string
}

/** What the shell itself completes; undefined: nothing besides the candidates. */
export type Paths = 'files' | 'folders' | undefined

export interface Candidates {
  paths: Paths
  candidates: readonly Candidate[]
}

export const NOTHING: Candidates = { paths: undefined, candidates: [] }
const FILES: Candidates = { paths: 'files', candidates: [] }
const FOLDERS: Candidates = { paths: 'folders', candidates: [] }

const words = (...some: readonly string[]): Candidates => ({
  paths: undefined,
  candidates: some.map((word) => ({ word })),
})

/** `typed`: the word so far; `before`: the arguments in front of it. */
type Completer = (typed: string, before: readonly string[]) => Candidates

const VALUES: Readonly<Record<string, Completer>> = {
  INPUT: () => FILES,
  'INPUT A B': () => FILES,
  FILE: () => FILES,
  PATH: () => FILES,
  DIR: () => FOLDERS,
  'FORMAT:FILE': (typed) => (typed.includes(':') ? FILES : words(...formatIds().map((id) => `${id}:`))),
  FILTER: filterWords,
  INCIDENT: () => ({
    paths: undefined,
    candidates: INCIDENTS.map(({ name, title }) => ({ word: name, meaning: title })),
  }),
  LIST: ofList,
  WHEN: () => words('always', 'never', 'auto'),
  DAEMON: () => words('rsyslog', 'ulogd2'),
  NAME: () => words('auto', 'nft', 'legacy', 'xtables-nft', 'kernel-log'),
  ENGINE: () => words('model'),
  SHELL: () => words('bash', 'zsh', 'fish'),
  'NAME of help': () => words(...findingCodes()),
  ADDRESS: () => words(':9469', '127.0.0.1:9469'),
  TIME: () => words('10s', '1m', '10m'),
  RATE: () => words('10/second', '100/second', 'unlimited'),
}

/** `name` as help gives it: FILE. */
export const candidatesFor = (name: string, typed: string, before: readonly string[]): Candidates =>
  VALUES[name]?.(typed, before) ?? NOTHING

/** FILTER in words of the shell, of which each is completed as the parser of filters takes it. */
function filterWords(typed: string, before: readonly string[]): Candidates {
  const text = [...before, typed].join(' ')
  const next = nextIn(text, text.length)
  const interfaces = next.value?.type === 'in' || next.value?.type === 'out' ? Object.keys(networkInterfaces()) : []
  return {
    paths: undefined,
    candidates: [
      ...next.words.map((word) => ({ word, meaning: meaningOf(word) })),
      ...interfaces.map((word) => ({ word, meaning: 'interface of this host' })),
    ],
  }
}

/** `dropped,rej`: what stands before the comma stays. */
function ofList(typed: string): Candidates {
  const kept = typed.slice(0, typed.lastIndexOf(',') + 1)
  const used = kept.split(',')
  return words(...OUTCOMES.filter((one) => !used.includes(one)).map((one) => `${kept}${one}`))
}
