// Bugs in what the server sends to devices.
import { alter, type PlantedBug, wrapFunction } from './plant.ts'

const pull = () => import('../../../server/feed/pull.ts')
const viewer = () => import('../../../server/feed/viewer.ts')

export const FEED_BUGS: PlantedBug[] = [
  {
    name: 'a pull shows everyone the conflicts of all people',
    rules: [3, 8],
    seed: 2,
    changes: [
      wrapFunction(
        viewer,
        'visibleCondition',
        (visibleCondition) => (kind, person) => visibleCondition(kind, alter(person, { role: 'manager' })),
      ),
    ],
  },
  {
    name: 'live messages show everyone the conflicts of all people',
    rules: [3, 8],
    seed: 3,
    changes: [
      wrapFunction(viewer, 'visibleTables', (visibleTables) => (tables, person) => {
        const visible = visibleTables(tables, person)
        return tables.conflicts ? alter(visible, { conflicts: tables.conflicts }) : visible
      }),
    ],
  },
  {
    name: 'a replica that is behind the cursor answers',
    rules: [3, 5],
    seed: 378,
    changes: [
      wrapFunction(pull, 'headToAnswerFrom', (headToAnswerFrom) => (head, asked) => {
        if (!head || !asked.cursor || asked.isPrimary) return headToAnswerFrom(head, asked)
        const cursor = alter(asked.cursor, { version: head.version, chainHead: '' })
        return headToAnswerFrom(head, alter(asked, { cursor }))
      }),
    ],
  },
  {
    name: 'an organisation that a replica does not know yet is refused',
    rules: [8],
    seed: 1,
    changes: [
      wrapFunction(
        pull,
        'headToAnswerFrom',
        (headToAnswerFrom) => (head, asked) => headToAnswerFrom(head, head ? asked : alter(asked, { isPrimary: true })),
      ),
    ],
  },
]
