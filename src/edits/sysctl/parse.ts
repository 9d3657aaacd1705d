/** `sysctl -w NAME=VALUE …` and `echo VALUE > /proc/sys/…` → edits. */
import type { SysctlEdit } from '../../model/edit.ts'
import { closest } from '../../rules/closest.ts'
import { CommandProblem } from '../problem.ts'
import type { ShellWord } from '../shell.ts'
import { dotted } from './name.ts'

/** Options without a value (procps 4.0.2, src/sysctl.c). */
const OPTIONS = [
  '-w',
  '--write',
  '-q',
  '--quiet',
  '-e',
  '--ignore',
  '-n',
  '--values',
  '-N',
  '--names',
  '-b',
  '--binary',
]
/** They read files that are not known here. */
const FILES = ['-p', '--load', '--system', '-f']

/** The words behind `sysctl`. Without a `=` it only shows a value. Throws CommandProblem. */
export function parseSysctl(given: readonly ShellWord[]): SysctlEdit[] {
  const edits: SysctlEdit[] = []
  // `-qw`
  const words = given.flatMap((word) =>
    /^-[A-Za-z]{2,}$/.test(word.text)
      ? [...word.text.slice(1)].map((letter) => ({ ...word, text: `-${letter}` }))
      : [word],
  )
  const writes = words.some(({ text }) => text === '-w' || text === '--write')
  for (const word of words) {
    const { text } = word
    const [, name, value] = /^-?([^=]+)=(.*)$/s.exec(text) ?? []
    if (FILES.some((option) => text === option || text.startsWith(`${option}=`)))
      throw new CommandProblem(word, `${text} reads a file that nfwhy does not have: write the settings out`)
    if (name !== undefined && !text.startsWith('--'))
      edits.push({ kind: 'sysctl', name: dotted(name), value: clean(value!) })
    else if (text.startsWith('-')) {
      if (!OPTIONS.includes(text) && !/^-[aAXdVh]$/.test(text))
        throw new CommandProblem(word, `"${text}" is not an option of sysctl`, closest(text, OPTIONS))
    } else if (writes || !/^[a-z]\w*[./]/.test(text))
      throw new CommandProblem(word, `"${text}" must be NAME=VALUE, without blanks around the =`)
  }
  return edits
}

/** `echo WORDS > FILE`, where the file is one of /proc/sys. */
export function parseEcho(words: readonly ShellWord[], file: ShellWord): SysctlEdit[] {
  const path = /^\/proc\/sys\/([^/].*[^/])$/.exec(file.text.replace(/\/{2,}/g, '/'))?.[1]
  if (path === undefined) throw new CommandProblem(file, `"${file.text}" is not a kernel setting (/proc/sys/…)`)
  const values = words.filter(({ text }, i) => !(/^-[neE]+$/.test(text) && i === 0)).map(({ text }) => text)
  return [{ kind: 'sysctl', name: dotted(path), value: clean(values.join(' ')) }]
}

const clean = (value: string): string => value.trim().split(/\s+/).join(' ')
