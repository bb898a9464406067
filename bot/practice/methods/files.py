"""files.*: uploading in three steps, and what is known of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.practice import payloads
from bot.practice.channel import Channel
from bot.practice.checks.payloads import LONGEST_TEXT
from bot.practice.message import Json, Message
from bot.practice.refusal import Refusal

if TYPE_CHECKING:
    from bot.practice.call import Call
    from bot.practice.workspace import PracticeWorkspace


def info(workspace: PracticeWorkspace, call: Call) -> Json:
    stored = workspace.files.get(call["file"])
    if stored is None:
        raise Refusal("file_not_found")
    return {"file": stored.payload(workspace.files), "comments": [], "response_metadata": {"next_cursor": ""}}


def get_upload_url(workspace: PracticeWorkspace, call: Call) -> Json:
    if call["length"] <= 0:
        raise Refusal("invalid_arguments", ["length: must be more than 0"])
    file_id = workspace.new_id("F")
    return {"upload_url": workspace.files.expect(file_id, call["filename"], call["length"]), "file_id": file_id}


def complete_upload(workspace: PracticeWorkspace, call: Call) -> Json:
    if "channels" in call.args:
        raise Refusal("invalid_arguments", ["channels: give channel_id, one channel at a time"])
    stored = [_finished(workspace, item) for item in call["files"]]
    files = [file.payload(workspace.files) for file in stored]
    if "channel_id" in call.args:
        channel = workspace.seen_channel(call["channel_id"])
        if workspace.bot_user not in channel.members:
            raise Refusal("not_in_channel")
        _share(workspace, channel, call, files)
    return {"files": files}


def _finished(workspace: PracticeWorkspace, item: Any) -> Any:
    if not isinstance(item, dict) or "id" not in item or set(item) - {"id", "title", "highlight_type"}:
        raise Refusal("invalid_arguments", ["files: each is {id, title}"])
    stored = workspace.files.complete(item["id"], item.get("title") or "", workspace.bot_user)
    if stored is None:
        raise Refusal("file_not_found")
    return stored


def _share(workspace: PracticeWorkspace, channel: Channel, call: Call, files: list[Json]) -> None:
    text = call.get("initial_comment", "")
    if len(text) > LONGEST_TEXT:
        raise Refusal("invalid_arguments", [f"initial_comment: must be less than {LONGEST_TEXT + 1} characters"])
    message = Message(
        channel.id,
        workspace.next_ts(),
        workspace.bot_user,
        text,
        workspace.team_id,
        app=workspace.bot_id,
        thread_ts=call.get("thread_ts", ""),
        files=tuple(files),
        subtype="file_share",
    )
    channel.messages[message.ts] = message
    for file in files:
        workspace.files.shared(file["id"], channel.id, message.ts)
    workspace.echo(channel, payloads.posted(channel, message))


def delete(workspace: PracticeWorkspace, call: Call) -> Json:
    stored = workspace.files.get(call["file"])
    if stored is None:
        raise Refusal("file_not_found")
    if stored.user != workspace.bot_user:
        raise Refusal("cant_delete_file")
    workspace.files.remove(stored.id)
    for channel in workspace.channels.values():
        gone = [ts for ts, message in channel.messages.items() if any(one["id"] == stored.id for one in message.files)]
        for ts in gone:
            del channel.messages[ts]
    return {}


METHODS = {
    "files.delete": delete,
    "files.info": info,
    "files.getUploadURLExternal": get_upload_url,
    "files.completeUploadExternal": complete_upload,
}
