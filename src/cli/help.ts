/** `nfwhy help NAME`: a command's options, or the page of a finding code or of an exchange's status. */
import { type Command, Option } from 'commander'
import { printable } from '../model/printable.ts'
import { UserError } from '../model/user-error.ts'
import { closest } from '../rules/closest.ts'
import { manPage } from './man-page.ts'
import { ownFile, ownFiles } from './own-files.ts'
import { plainPage } from './plain-page.ts'
import { Output } from './stdout.ts'

/** In the package. */
const PAGES = 'docs/findings'
/** Columns. */
const WIDTH = 80

export const helpCommand = (program: Command): Command =>
  program
    .command('help')
    .summary('explain a command, a finding code (near-miss) or all codes (codes)')
    .description(
      'Explains a command, or the code of a finding (near-miss) or the status of an exchange (reply-lost): what it means, ' +
        'with an example, how it differs from others, and what to do. `nfwhy help codes` lists all codes.',
    )
    .argument('[NAME]', 'a command, a code, or codes')
    .helpOption(false)
    // the build asks so
    .addOption(new Option('--man', 'print the manual page').hideHelp())
    .action((name: string | undefined, { man }: { man?: true }) => {
      if (man) {
        print(manPage(program, program.version()!))
        return
      }
      const command = name === undefined ? program : program.commands.find((one) => one.name() === name)
      if (command) command.outputHelp()
      else print(name === 'codes' ? listOfCodes() : pageOf(name!, program.commands))
    })

function print(text: string): void {
  const out = new Output()
  out.write(text)
  out.flush()
}

/** Of findings and statuses, sorted: each has a page. */
export const codes = (): string[] =>
  [...ownFiles(PAGES).keys()].flatMap((file) => /^([a-z-]+)\.md$/.exec(file)?.[1] ?? []).sort()

/** Undefined: there is no such code. */
function read(code: string): string | undefined {
  const bytes = ownFile(`${PAGES}/${code}.md`)
  return bytes && new TextDecoder().decode(bytes)
}

/** The title of each page. */
const listOfCodes = (): string =>
  codes()
    .map((code) => `${plainPage(read(code)!.split('\n', 1)[0]!, WIDTH)}`)
    .join('')

function pageOf(name: string, commands: readonly Command[]): string {
  const page = /^[a-z-]+$/.test(name) ? read(name) : undefined
  if (page !== undefined) return plainPage(page, WIDTH)
  const near = nearest(name, [...codes(), ...commands.map((one) => one.name())])
  throw new UserError(
    `"${printable(name)}" is not a command, a finding code or a status.`,
    near.length > 0 ? `Perhaps: ${near.join(', ')}` : 'nfwhy help codes lists all codes.',
  )
}

/** The one that differs in a few letters; else all that share a word with it. */
function nearest(name: string, known: readonly string[]): string[] {
  const one = closest(name, known)
  if (one !== undefined) return [one]
  const words = name.toLowerCase().split(/[^a-z]+/)
  return known.filter((code) => code.split('-').some((part) => part.length > 2 && words.includes(part)))
}
