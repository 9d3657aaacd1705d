/** `nfwhy help NAME`: a command's options, or the page of a finding code or of an exchange's status. */
import { type Command, Option } from 'commander'
import { printable } from '../model/printable.ts'
import { UserError } from '../model/user-error.ts'
import { findingCodes, findingPage, nearest } from './finding-pages.ts'
import { manPage } from './man-page.ts'
import { plainPage } from './plain-page.ts'
import { Output } from './stdout.ts'

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

/** The title of each page. */
const listOfCodes = (): string =>
  findingCodes()
    .map((code) => `${plainPage(findingPage(code)!.split('\n', 1)[0]!, WIDTH)}`)
    .join('')

function pageOf(name: string, commands: readonly Command[]): string {
  const page = findingPage(name)
  if (page !== undefined) return plainPage(page, WIDTH)
  const near = nearest(name, [...findingCodes(), ...commands.map((one) => one.name())])
  throw new UserError(
    `"${printable(name)}" is not a command, a finding code or a status.`,
    near.length > 0 ? `Perhaps: ${near.join(', ')}` : 'nfwhy help codes lists all codes.',
  )
}
