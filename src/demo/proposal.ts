import { fixCommands } from '../edits/fix.ts'
import { isOfIptables } from '../explain/changes/variant.ts'
import { printCommand } from '../model/command.ts'
import type { ChainEdit, Edit, RuleEdit } from '../model/edit.ts'
import type { Fix, Journey } from '../model/journey.ts'
import type { Mending } from './incident.ts'

/** The command as nfwhy proposes it, which may name the tool of the backend (`iptables-legacy`). */
export const proposal = ({ command }: Mending, journey: Journey | undefined): string | undefined =>
  journey?.findings
    .flatMap(({ fix }) => fix)
    .map((fix) => [printed(fix), printed(withoutVariant(fix))])
    .find(([, plain]) => plain !== undefined && plain === command)?.[0]

function printed(fix: Fix): string | undefined {
  const { command } = fixCommands(fix)
  return command && printCommand(command)
}

function withoutVariant(fix: Fix): Fix {
  return fix.edits ? { ...fix, edits: fix.edits.map((edit) => (isOfIptables(edit) ? plain(edit) : edit)) } : fix
}

function plain({ backend: _, ...edit }: RuleEdit | ChainEdit): Edit {
  return edit as Edit
}
