"""Structs that say their own size: whole in one piece, shorter ones item by item."""

from __future__ import annotations

from collections.abc import Sequence

from ..plan import At, Check, ConstCheck, Guard, Let, Map, Op, Run, When
from .parse_leaves import Leaves
from .printing import local

__all__ = ['Extent', 'points']


class Extent(Leaves):
    """Structs that say their own size: whole in one piece, shorter ones item by item."""

    def _extent(self) -> None:
        """Emit a struct that ends where its extent says: whole, or item by item."""
        plan = self.plan
        first = plan.ops[0]
        names = [item.name for item in first.items] if isinstance(first, Run) else []
        if not isinstance(first, Run) or plan.extent not in names:
            raise ValueError(f'{plan.path}: extent must be one of the leading fixed fields')
        before = first.items[: names.index(plan.extent)]
        offset = sum(item.size for item in before)
        item = first.items[len(before)]
        least = offset + item.size
        unpack = self.module.constant(
            'unpack', f'Struct({self.order_of(item.field) + item.letters!r}).unpack_from'
        )
        self.emit(f'if pos + {least} > end: need({least}, pos, end, {self.path(plan.extent)})')
        self.emit(f'({local(plan.extent)},) = {unpack}(buf, pos + {offset})')
        size = local(plan.extent)
        self.emit(
            f'if not {least} <= {size} <= end - pos: '
            f'extent_end({size}, {least}, pos, end, {self.path(plan.extent)})'
        )
        self.emit(f'end = stop = pos + {size}')
        for i, op in enumerate(plan.ops):
            if isinstance(op, Run):
                with self.block(f'if pos + {op.size} <= stop:'):
                    self.known_end = True
                    self.run(op, plan.ops[i + 1 :], top=True)
                with self.block('else:'):
                    self.short_run(op, plan.ops[i + 1 :])
            elif isinstance(op, At | Let | Map | ConstCheck | Check) or points(op):
                if isinstance(op, Map | ConstCheck):
                    with self.block(f'if {local(op.name)} is not None:'):
                        self.ops([op])
                else:
                    self.ops([op])
            else:
                with self.block('if pos < stop:'):
                    self.ops([op])
                with self.block('else:'):
                    self.emit(f'{local(op.name)} = None')
            self.know(op)
        self.emit('pos = stop')

    def short_run(self, run: Run, behind: Sequence[Op]) -> None:
        """Emit a Run of which only the first items are there."""
        touched = {op.name for op in behind if isinstance(op, Map | ConstCheck | Check)}
        names = [
            name
            for item in run.items
            for name in (
                [local(item.name)] if item.kind == 'ratio' else self.item(item, touched, True)[1]
            )
        ]
        if names:
            self.emit(f'{" = ".join(names)} = None')
        with self.block('while True:'):
            for item in run.items:
                self.emit(f'if pos + {item.size} > stop: break')
                _, targets = self.item(item, touched, True)
                if targets:
                    unpack = self.module.constant(
                        'unpack',
                        f'Struct({self.order_of(item.field) + item.letters!r}).unpack_from',
                    )
                    comma = ',' if len(targets) == 1 else ''
                    self.emit(f'{", ".join(targets)}{comma} = {unpack}(buf, pos)')
                self.emit(f'pos += {item.size}')
                if targets:
                    self.shown(item)
                if self.tracing:
                    self.trace_run(Run((item,)))
            self.emit('break')


def points(op: Op) -> bool:
    """Whether an op takes no bytes where it stands: a pointer, whatever is round it."""
    match op:
        case When(body=body) | Guard(body=body):
            return all(points(inner) or isinstance(inner, Map | Check) for inner in body)
        case At():
            return True
    return False
