"""What the builder settles once bytes lie where they lie: sizes, extents, checks."""

from __future__ import annotations

from collections.abc import Callable

from ..expr import Expr, Name, names_in, printed
from ..ir import NumberType
from ..plan import At, Check, ConstCheck, Guard, Let, Map, Run, When, Window, walk
from .build_leaves import Leaves
from .printing import local

__all__ = ['Layout']


class Layout(Leaves):
    """What the builder settles once bytes lie where they lie: sizes, extents, checks."""

    def _settle(self) -> None:
        """Emit the fields that sizes of windows give."""
        if not self.derived.windows:
            return
        from_file = any(
            isinstance(op, At)
            and op.base == 'file'
            and any(isinstance(inner, Window) for inner in walk(op.body))
            for op in walk(self.plan.ops)
        )  # fmt: skip
        if from_file:
            with self.block('def settle():'):
                self._windows()
            self.emit('ctx.settle(settle)')
        else:
            self._windows()

    def _windows(self) -> None:
        for target, (window, tree) in self.derived.windows.items():
            for found in names_in(tree):
                if found.head in self.derived.pointers:
                    unpack = self.module.constant(
                        'unpack', f'Struct({self.code_of(found.head)!r}).unpack_from'
                    )
                    self.emit(f'({local(found.head)},) = {unpack}(out, {self.place(found.head)})')
            text = printed(tree, self._given(f'sizes_[{window!r}]'))
            with self.block(f'if {window!r} in sizes_:'):
                self.emit(f'{local(target)} = {text}')
                self._patch(target, local(target))
            with self.block('else:'):
                self.emit(f'{local(target)} = 0')

    def _given(self, text: str) -> Callable[[Name], str]:
        def name(found: Name) -> str:
            return text if found.head == 'given_' else self.name(found)

        return name

    def code_of(self, name: str) -> str:
        """Return byte order and letter of an integer field."""
        field = self.fields[name]
        assert isinstance(field.type, NumberType)
        return self.order_of(field) + field.type.letter

    def _patch(self, name: str, value: str) -> None:
        pack = self.module.constant('pack_into', f'Struct({self.code_of(name)!r}).pack_into')
        self.emit(f'{pack}(out, {self.place(name)}, {value})')

    def _verify(self) -> None:
        """Emit the checks of fields and struct."""
        late = set(self.derived.pointers)
        for op in self.plan.ops:
            inner = op.body[-1] if isinstance(op, Guard | When) and op.body else op
            if isinstance(inner, Check) and not isinstance(op, When | Guard):
                self._unmet(inner.condition, inner.name, late)
        if self.plan.check is not None:
            self._unmet(self.plan.check, '', late)

    def _unmet(self, tree: Expr, name: str, late: set[str]) -> None:
        if any(found.head in late for found in names_in(tree)):
            return
        text = self.expr(tree)
        where = self.where(name) if name else 'path'
        self.emit(f'if not ctx.zero and not ({text}): not_true({text!r}, {where})')

    def _extent_ops(self) -> None:
        """Emit a struct that stops after the last field given."""
        self.emit('whole = True')
        for op in self.plan.ops:
            if isinstance(op, Run):
                self._part(op)
            elif isinstance(op, Map | ConstCheck | Let | Check):
                continue
            elif any(isinstance(item, At) for item in walk([op])):
                self.ops([op])
            else:
                with self.block(f'if whole and {local(op.name)} is not None:'):
                    self.ops([op])
                with self.block('else:'):
                    self.emit('whole = False')

    def _part(self, run: Run) -> None:
        """Emit a Run whose last fields may be absent."""
        made = [
            item for item in run.items
            if item.kind not in ('number', 'pad') or item.name in self.maps
        ]  # fmt: skip
        present = [
            f'{self.value(item.name)} is not None' for item in made if item.name in self.plan.fields
        ]
        self.places(run)
        letters = ''.join(self.packed(item)[0] for item in run.items)
        values = [value for item in run.items for value in self.packed(item)[1]]
        order = self.order_of(run.items[0].field)
        pack = self.module.constant('pack', f'Struct({order + letters!r}).pack')
        packed = self.fresh('packed')
        self.emit(f'{packed} = None')
        with self.block(f'if {" and ".join(["whole", *present])}:'):
            with self.block('try:'):
                self.emit(f'{packed} = {pack}({", ".join(values)})')
            with self.block('except (ctx.pack_error, TypeError, OverflowError):'):
                self.emit('pass  # some are absent, or one does not fit: item by item')
        with self.block(f'if {packed} is not None:'):
            self.emit(f'write({packed})')
        with self.block('elif whole:'):
            parts = []
            for item in run.items:
                letters, values = self.packed(item)
                if not values:
                    parts.append(f'({item.name!r}, {letters!r}, None)')
                    continue
                value = values[0] if len(values) == 1 else f'({", ".join(values)})'
                value = f'({value[1:]})' if value.startswith('*') else value
                if item.name in self.plan.fields and item.name not in self.needs_place:
                    if item.kind == 'ratio':
                        value = f'None if {local(item.name)} is None else {value}'
                elif item.name != self.plan.extent and item.name in self.derived.pointers:
                    target = self.value(self.derived.pointers[item.name].name)
                    given = f'v.{item.name}' if item.name in self.plan.fields else 'None'
                    value = f'NOWHERE if {target} is None and {given} is None else 0'
                parts.append(f'({item.name!r}, {letters!r}, {value})')
            told = ', '.join(parts)
            self.emit(f'whole = pack_part(out, {order!r}, ({told},), path)')
