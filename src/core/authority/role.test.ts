// Who may what: the table, and that author and approver are two roles.
import assert from 'node:assert/strict'
import test from 'node:test'
import { isRole, may, needsFactor, RIGHTS, rightsOf, ROLES } from './role.ts'

test('each role has its rights, and no more', () => {
  const table = Object.fromEntries(ROLES.map((role) => [role, RIGHTS.filter((right) => may([role], right)).join(' ')]))
  assert.deepEqual(table, {
    viewer: 'read', responder: 'read ack', editor: 'read ack write', operator: 'read ack write run', approver: 'read ack approve', owner: 'read ack write run approve admin',
  })
  assert.deepEqual([...rightsOf([])], [])
  assert.deepEqual([...rightsOf(['operator', 'approver'])].sort(), ['ack', 'approve', 'read', 'run', 'write'])
})

test('whoever can destroy, or let destroy, or say who may, needs a factor', () => {
  assert.deepEqual(ROLES.filter((role) => needsFactor([role])), ['operator', 'approver', 'owner'])
  assert.ok(!isRole('admin') && !isRole('') && isRole('owner'))
})
