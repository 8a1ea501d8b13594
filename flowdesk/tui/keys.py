"""The one table of what can be done and which key does it.

From it come the bindings of every screen and widget, the footer, the `?` help, the palette, the page docs/keys.md, the
check of a user's keymap file and the test for clashes. The action method of `run.cancel` is `action_run_cancel`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from textual.binding import Binding


@dataclass(slots=True, frozen=True)
class Act:
    """Something that can be done: `title` says what pressing one of `keys` (comma separated) does.

    `writes` marks what changes something on the server: gone with --read-only. `group` is its heading in the help.
    """

    id: str
    keys: str
    title: str
    group: str = ""
    writes: bool = False
    show: bool = True

    @property
    def action(self) -> str:
        """The name of its action method, without `action_`."""
        return self.id.replace(".", "_")


EVERYWHERE: Final = (
    Act("app.palette", "colon,ctrl+p", "Palette", "Everywhere"),
    Act("app.help", "question_mark,f1", "Help", "Everywhere"),
    Act("app.back", "escape", "One layer back", "Everywhere", show=False),
    Act("app.last", "minus", "Last place", "Everywhere", show=False),
    Act("app.zoom", "z", "Zoom pane", "Everywhere", show=False),
    Act("app.jump", "ctrl+o", "Jump to a pane", "Everywhere", show=False),
    Act("app.settings", "comma", "Settings", "Everywhere", show=False),
    Act("app.quit", "ctrl+q", "Quit", "Everywhere", show=False),
    Act("app.copy", "ctrl+c", "Copy the selection", "Everywhere", show=False),
    Act("app.undo", "u", "Undo the last deletion", "Everywhere", show=False),
    Act("app.restart", "f6", "Start the engine again", "Everywhere", show=False),
    Act("area.dashboard", "1,alt+1", "Dashboard", "Areas", show=False),
    Act("area.workflows", "2,alt+2", "Workflows", "Areas", show=False),
    Act("area.runs", "3,alt+3", "Runs", "Areas", show=False),
    Act("area.jobs", "4,alt+4", "Jobs", "Areas", show=False),
    Act("area.schedules", "5,alt+5", "Schedules", "Areas", show=False),
    Act("area.secrets", "6,alt+6", "Secrets", "Areas", show=False),
    Act("area.plugins", "7,alt+7", "Plugins", "Areas", show=False),
)

LIST: Final = (
    Act("list.open", "enter", "Open", "List", show=False),
    Act("list.down", "down,j", "Down", "Move", show=False),
    Act("list.up", "up,k", "Up", "Move", show=False),
    Act("list.first", "home,g", "First", "Move", show=False),
    Act("list.end", "end,G", "Last", "Move", show=False),
    Act("list.screen_down", "pagedown", "Page down", "Move", show=False),
    Act("list.screen_up", "pageup", "Page up", "Move", show=False),
    Act("list.left", "left", "Left", "Move", show=False),
    Act("list.right", "right", "Right", "Move", show=False),
    Act("list.page_down", "ctrl+d", "Half a page down", "Move", show=False),
    Act("list.page_up", "ctrl+u", "Half a page up", "Move", show=False),
    Act("list.filter", "slash", "Filter", "List"),
    Act("list.mark", "space", "Mark", "List", show=False),
    Act("list.mark_all", "asterisk", "Mark all shown", "List", show=False),
    Act("list.sort", "s", "Sort by the next column", "List", show=False),
    Act("list.reverse", "S", "Reverse the order", "List", show=False),
    Act("list.copy", "y", "Copy", "List", show=False),
    Act("list.more", "full_stop", "Load more", "List", show=False),
    Act("list.leave", "escape", "Leave filter, drop filter, drop marks", "List", show=False),
)

DASHBOARD: Final = (
    Act("dashboard.rerun", "R", "Rerun…", "Run", writes=True),
    Act("dashboard.decide", "a", "Decide", "Run", writes=True),
    Act("dashboard.logs", "l", "Logs", "Run"),
    Act("dashboard.new", "n", "New workflow", "Workflow", writes=True),
)

WORKFLOWS: Final = (
    Act("workflow.edit", "e", "Edit", "Workflow"),
    Act("workflow.run", "r", "Run", "Workflow", writes=True),
    Act("workflow.logs", "l", "Last log", "Workflow"),
    Act("workflow.new", "n", "New", "Workflow", writes=True),
    Act("workflow.editor", "E", "Open in $EDITOR", "Workflow", writes=True, show=False),
    Act("workflow.duplicate", "d", "Duplicate", "Workflow", writes=True, show=False),
    Act("workflow.capture", "W", "Capture the next webhook, or stop", "Workflow", writes=True, show=False),
    Act("workflow.disable", "D", "Disable or enable", "Workflow", writes=True),
    Act("workflow.import", "i", "Import a file", "Workflow", writes=True, show=False),
    Act("workflow.delete", "x", "Delete", "Workflow", writes=True),
)

RUNS: Final = (
    Act("runs.status", "v", "Next status", "Run"),
    Act("runs.logs", "l", "Log", "Run"),
    Act("runs.rerun", "R", "Rerun…", "Run", writes=True),
    Act("runs.cancel", "c", "Cancel", "Run", writes=True),
    Act("runs.decide", "a", "Decide", "Run", writes=True, show=False),
    Act("runs.edit", "e", "Edit workflow", "Run"),
)

JOBS: Final = (
    Act("jobs.status", "v", "Next state", "Job"),
    Act("jobs.retry", "r", "Retry now", "Job", writes=True),
    Act("jobs.cancel", "c", "Cancel its run", "Job", writes=True),
)

SCHEDULES: Final = (
    Act("schedules.run", "r", "Run now", "Schedule", writes=True),
    Act("schedules.pause", "p", "Pause or go on", "Schedule", writes=True),
    Act("schedules.times", "t", "Times…", "Schedule"),
    Act("schedules.backfill", "b", "Backfill…", "Schedule", writes=True),
    Act("schedules.edit", "e", "Edit", "Schedule"),
)

SECRETS: Final = (
    Act("secrets.new", "n", "New", "Secret", writes=True),
    Act("secrets.replace", "e", "Replace value", "Secret", writes=True),
    Act("secrets.test", "t", "Test", "Secret", writes=True),
    Act("secrets.usages", "u", "Usages", "Secret"),
    Act("secrets.connect", "c", "Connect", "Secret", writes=True, show=False),
    Act("secrets.delete", "x", "Delete", "Secret", writes=True),
)

PLUGINS: Final = (
    Act("plugins.error", "exclamation_mark", "Show error", "Plugin"),
    Act("plugins.copy", "e", "Copy example", "Plugin"),
    Act("plugins.new", "n", "New workflow with it", "Plugin", writes=True),
)

RUN: Final = (
    Act("run.rerun", "R", "Rerun…", "Run", writes=True),
    Act("run.cancel", "c", "Cancel", "Run", writes=True),
    Act("run.decide", "a", "Decide", "Run", writes=True),
    Act("run.edit", "e", "Edit step", "Run"),
    Act("run.move", "V", "Move to the newest version", "Run", writes=True, show=False),
    Act("run.log", "L", "Log", "Tabs", show=False),
    Act("run.input", "I", "Input", "Tabs", show=False),
    Act("run.output", "O", "Output", "Tabs", show=False),
    Act("run.error", "X", "Error", "Tabs", show=False),
    Act("run.journal", "J", "Journal", "Tabs", show=False),
    Act("run.next_tab", "right_square_bracket", "Next tab", "Tabs", show=False),
    Act("run.previous_tab", "left_square_bracket", "Previous tab", "Tabs", show=False),
    Act("run.older_attempt", "less_than_sign", "Earlier attempt", "Run", show=False),
    Act("run.newer_attempt", "greater_than_sign", "Later attempt", "Run", show=False),
    Act("run.map", "o", "Map", "Run"),
    Act("run.markdown", "M,y", "Copy as Markdown", "Run", show=False),
    Act("run.next_error", "n", "Next error in the log", "Run", show=False),
)

EDITOR: Final = (
    Act("editor.map", "1", "Map", "Panes", show=False),
    Act("editor.form", "2", "Form", "Panes", show=False),
    Act("editor.source", "3", "Source", "Panes", show=False),
    Act("editor.add", "a", "Add after", "Step"),
    Act("editor.add_before", "A", "Add before", "Step", show=False),
    Act("editor.remove", "x", "Remove", "Step"),
    Act("editor.duplicate", "d", "Duplicate", "Step", show=False),
    Act("editor.branch", "b", "Add branch", "Step", show=False),
    Act("editor.connect", "C", "Connect to…", "Step", show=False),
    Act("editor.rename", "f2", "Rename", "Step", show=False),
    Act("editor.copy", "c", "Copy step", "Step", show=False),
    Act("editor.paste", "v", "Paste step", "Step", show=False),
    Act("editor.test", "t", "Test step", "Step", writes=True),
    Act("editor.run", "r,f5,ctrl+enter", "Run", "Workflow", writes=True),
    Act("editor.run_to", "R", "Run up to this step", "Step", writes=True, show=False),
    Act("editor.pin", "p", "Pin this output", "Step", writes=True, show=False),
    Act("editor.unpin", "P", "Unpin", "Step", writes=True, show=False),
    Act("editor.capture", "W", "Capture the next webhook, or stop", "Workflow", writes=True, show=False),
    Act("editor.save", "ctrl+s", "Save", "Workflow", writes=True),
    Act("editor.undo", "u", "Undo", "Workflow"),
    Act("editor.redo", "ctrl+r", "Redo", "Workflow", show=False),
    Act("editor.discard", "D", "Discard changes", "Workflow", show=False),
    Act("editor.external", "E,ctrl+e", "$EDITOR", "Workflow"),
    Act("editor.problem", "exclamation_mark", "Next problem", "Workflow"),
    Act("editor.problems", "L", "Problems", "Workflow", show=False),
    Act("editor.versions", "V", "Versions", "Workflow", show=False),
    Act("editor.settings", "w", "Workflow settings", "Workflow", show=False),
    Act("editor.leave", "escape", "To the map, from there out", "Panes", show=False),
    Act("editor.format", "F", "YAML or JSON", "Workflow", show=False),
)

MAP: Final = (
    Act("map.left", "left,h", "Left", "Move", show=False),
    Act("map.down", "down,j", "Down", "Move", show=False),
    Act("map.up", "up,k", "Up", "Move", show=False),
    Act("map.right", "right,l", "Right", "Move", show=False),
    Act("map.first", "home,g", "First step", "Move", show=False),
    Act("map.end", "end,G", "Last step", "Move", show=False),
    Act("map.open", "enter", "Open step", "Map", show=False),
    Act("map.flip", "o", "Flip the map", "Map"),
    Act("map.rows", "m", "Map or rows", "Map", show=False),
)

STEPS: Final = (
    Act("steps.down", "down,j", "Down", "Move", show=False),
    Act("steps.up", "up,k", "Up", "Move", show=False),
    Act("steps.first", "home,g", "First", "Move", show=False),
    Act("steps.end", "end,G", "Last", "Move", show=False),
    Act("steps.open", "enter", "Open step", "Step", show=False),
)

LOG: Final = (
    Act("log.follow", "f", "Follow", "Log"),
    Act("log.filter", "slash", "Filter", "Log"),
    Act("log.context", "ampersand", "Filter or highlight", "Log", show=False),
    Act("log.next", "n", "Next match or error", "Log"),
    Act("log.previous", "N", "Previous match or error", "Log", show=False),
    Act("log.level", "v", "Next level", "Log", show=False),
    Act("log.step", "s", "Only this step", "Log", show=False),
    Act("log.wrap", "w", "Wrap", "Log", show=False),
    Act("log.times", "t", "Times", "Log", show=False),
    Act("log.mark", "m", "Mark with the time", "Log", show=False),
    Act("log.copy", "y", "Copy line", "Log"),
    Act("log.copy_all", "Y", "Copy what is shown", "Log", show=False),
    Act("log.pager", "p", "Open in $PAGER", "Log", show=False),
    Act("log.inspect", "enter", "Inspect line", "Log", show=False),
    Act("log.down", "down,j", "Down", "Move", show=False),
    Act("log.up", "up,k", "Up", "Move", show=False),
    Act("log.page_down", "pagedown,ctrl+d", "Page down", "Move", show=False),
    Act("log.page_up", "pageup,ctrl+u", "Page up", "Move", show=False),
    Act("log.first", "home,g", "First line", "Move", show=False),
    Act("log.end", "end,G", "End, and follow", "Move", show=False),
    Act("log.left", "left,h", "Left", "Move", show=False),
    Act("log.right", "right,l", "Right", "Move", show=False),
    Act("log.leave", "escape", "Drop the filter", "Log", show=False),
)

LOG_FILTER: Final = (Act("logfilter.leave", "escape,down", "Leave the filter line", "Log", show=False),)

INSPECTOR: Final = (
    Act("inspector.copy", "y", "Copy value", "Value"),
    Act("inspector.copy_path", "Y", "Copy path", "Value"),
    Act("inspector.save", "s", "Save to a file", "Value", show=False),
    Act("inspector.find", "slash", "Find", "Value"),
    Act("inspector.next", "n", "Next match", "Value", show=False),
    Act("inspector.previous", "N", "Previous match", "Value", show=False),
    Act("inspector.down", "j", "Down", "Move", show=False),
    Act("inspector.up", "k", "Up", "Move", show=False),
    Act("inspector.expand", "l,right", "Expand", "Move", show=False),
    Act("inspector.collapse", "h,left", "Collapse", "Move", show=False),
)

FORM: Final = (
    Act("form.leave", "escape", "Leave the field", "Form", show=False),
    Act("form.editor", "ctrl+e", "Field in $EDITOR", "Form", show=False),
    Act("form.raw", "ctrl+t", "Field as JSON or not", "Form", show=False),
)

SOURCE: Final = (
    Act("source.find", "ctrl+f", "Find", "Source"),
    Act("source.next", "f3", "Find again", "Source", show=False),
    Act("source.leave", "escape", "Close the search", "Source", show=False),
)

FOLD: Final = (Act("fold.toggle", "enter,space", "Open or close", "Form", show=False),)

COMPLETION: Final = (
    Act("completion.next", "down", "Next suggestion", "Form", show=False),
    Act("completion.previous", "up", "Previous suggestion", "Form", show=False),
    Act("completion.take", "enter,tab", "Take the suggestion", "Form", show=False),
    Act("completion.close", "escape", "Close the suggestions", "Form", show=False),
)

PICKER: Final = (
    Act("picker.next", "down", "Next step", "Move", show=False),
    Act("picker.previous", "up", "Previous step", "Move", show=False),
    Act("picker.leave", "escape", "Close", "Move", show=False),
)

SCOPES: Final[dict[str, tuple[Act, ...]]] = {
    "everywhere": EVERYWHERE,
    "list": LIST,
    "dashboard": DASHBOARD,
    "workflows": WORKFLOWS,
    "runs": RUNS,
    "jobs": JOBS,
    "schedules": SCHEDULES,
    "secrets": SECRETS,
    "plugins": PLUGINS,
    "run": RUN,
    "editor": EDITOR,
    "map": MAP,
    "steps": STEPS,
    "log": LOG,
    "logfilter": LOG_FILTER,
    "inspector": INSPECTOR,
    "form": FORM,
    "source": SOURCE,
    "fold": FOLD,
    "completion": COMPLETION,
    "picker": PICKER,
}

LIVE_WITH: Final[dict[str, tuple[str, ...]]] = {
    "list": ("dashboard", "workflows", "runs", "jobs", "schedules", "secrets", "plugins"),
    "log": ("run",),
    "map": ("run", "editor"),
    "inspector": ("run",),
    "form": ("editor",),
    "source": ("editor",),
}
"""The scopes of widgets, and of the screens they are part of: whose keys are live at the same time."""

NEVER: Final = frozenset({"ctrl+i", "ctrl+m", "ctrl+h", "ctrl+left_square_bracket", "ctrl+j", "ctrl+z"})
"""Keys that most terminals report as another key, or that belong to the shell."""


def acts() -> dict[str, Act]:
    """Every row of the table by its id."""
    return {act.id: act for table in SCOPES.values() for act in table}


def bindings(*scopes: str) -> list[Binding]:
    """The bindings of these scopes, for a widget's or screen's BINDINGS."""
    return [
        Binding(act.keys, act.action, act.title, show=act.show, id=act.id) for scope in scopes for act in SCOPES[scope]
    ]
