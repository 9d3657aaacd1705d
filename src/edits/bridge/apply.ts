/** What `bridge link set` does to a port (Linux 6.18, net/bridge/br_netlink.c br_setport). */
import type { BridgePortEdit } from '../../model/edit.ts'
import type { Draft } from '../draft.ts'
import { linkToEdit } from '../ip/links.ts'
import { EditProblem } from '../problem.ts'

/** Throws EditProblem. */
export function editBridgePort({ device, setting, on }: BridgePortEdit, draft: Draft): void {
  const link = linkToEdit(device, draft)
  if (link.master === undefined) throw new EditProblem(`${device} is not a port of a bridge`)
  link[setting] = on
}
