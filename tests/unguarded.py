"""Takes out each defence of docs/threat-model.md, and expects its tests to fail.

    python3 tests/unguarded.py [--apply-only] [NAME…]

Every row below is a defence: changes of the source that put a switch before it, and the tests that
break when it is off. All switches go into one scratch copy of the repository, which is compiled once.
There each test must pass with every defence on, and fail with its own off. A change whose text does
not stand exactly once in its file is an error, as is a switch that does not compile: neither proves
anything. Prints a line a row, and how many rows hold; exits with 1 if one does not.

It is not part of the everyday run: it takes some twenty minutes, and needs what tests/run.sh needs. What is part of it
is `--apply-only`: each change still applies, each test is there and docs/threat-model.md names it.
"""

import argparse
import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
# In a change: whether this row's defence is off.
OFF = "OFF"
# How long a test may take without its defence. One that hangs has noticed.
SECONDS = 150
# The address space of a test, so that a bomb stops here and not at the machine's end.
MEMORY = 8 << 30

# What makes the switches work: in the library, and in what tests start.
SCAFFOLD = [
    (
        "src/lib.rs",
        "pub mod syntax;\n",
        "/// Whether the defence of this name is off.\npub fn unguarded(name: &str) -> bool {\n"
        "    static OFF: std::sync::LazyLock<Option<std::ffi::OsString>> =\n"
        '        std::sync::LazyLock::new(|| std::env::var_os("UNGUARDED"));\n'
        "    OFF.as_ref().is_some_and(|off| off == name)\n}\npub mod syntax;\n",
    ),
    ("Cargo.toml", 'unsafe_code = "forbid"', 'unsafe_code = "allow"'),
    (
        "tests/support/repo.rs",
        '        command.env("HOME", self.folder.path())',
        '        command.env("UNGUARDED", std::env::var_os("UNGUARDED").unwrap_or_default());\n'
        '        command.env("HOME", self.folder.path())',
    ),
    (
        "tests/sweep.py",
        '"RAYON_NUM_THREADS": "1"}\n',
        '"RAYON_NUM_THREADS": "1"}\n        environment["UNGUARDED"] = os.environ.get("UNGUARDED", "")\n',
    ),
]

# Name, changes (file, text, text with a switch), tests.
ROWS = [
    # Nothing of the repository runs.
    (
        "git is not run",
        [
            (
                "src/tree/workspace/mod.rs",
                "fn discover(start: &Path) -> Result<Option<Repository>, Error> {\n",
                "fn discover(start: &Path) -> Result<Option<Repository>, Error> {\n    if OFF {\n"
                '        let _ = std::process::Command::new("git").arg("status").current_dir(start).output();\n    }\n',
            )
        ],
        "no_command_of_the_configuration_runs settings_that_run_commands",
    ),
    (
        "the owner is asked",
        [
            (
                "src/tree/workspace/mod.rs",
                "    match Repository::open_ext(start,",
                "    if OFF {\n        let _ = unsafe { git2::opts::set_verify_owner_validation(false) };\n    }\n"
                "    match Repository::open_ext(start,",
            )
        ],
        "a_repository_of_another_user_is_refused_with_gits_hint",
    ),
    (
        "the working tree leads to its repository",
        [("src/tree/workspace/mod.rs", "Some(folder) if start.starts_with(&folder) &&", "Some(folder) if OFF || start.starts_with(&folder) &&")],
        "a_working_tree_claimed_elsewhere_is_refused",
    ),
    (
        "a repository within is another one",
        [
            ("src/tree/disk/worktree.rs", "AtPath::Folder if self.is_foreign(", "AtPath::Folder if !OFF && self.is_foreign("),
            ("src/tree/disk/worktree.rs", "!hidden && !self.disk.is_repository(&written)", "!hidden && (OFF || !self.disk.is_repository(&written))"),
        ],
        "a_repository_within_is_not_part_of_the_project_unless_git_tracks_into_it",
    ),
    (
        "a revision is one commit",
        [
            (
                "src/tree/workspace/resolve.rs",
                "(named(repository, objects, base), parsed(steps))",
                '(named(repository, objects, if OFF { "HEAD" } else { base }), parsed(steps))',
            )
        ],
        "a_revision_is_one_commit_or_a_refusal",
    ),
    (
        "a value is no part of a script",
        [("action.yml", 'range=("$BASE...HEAD") ;;', 'range=("${{ inputs.base }}...HEAD") ;;')],
        "no_value_from_outside_becomes_part_of_a_script",
    ),
    (
        "a base is no option",
        [("action.yml", "          -*) echo", "          -never-*) echo")],
        "a_hostile_input_is_an_argument_and_no_script",
    ),
    (
        "no command of a message is obeyed",
        [("action.yml", '            echo "::stop-commands::$token"\n            "$PROGRAM" -C "$DIRECTORY" --quiet check', '            "$PROGRAM" -C "$DIRECTORY" --quiet check')],
        "check_annotates_and_nothing_of_the_repository_is_obeyed",
    ),
    # Nothing outside of the project is read.
    (
        "a path does not climb out",
        [
            (
                "src/syntax/source.rs",
                "                    parts.pop().ok_or(PathFault::Outside)?;\n",
                "                    if parts.pop().is_none() && !OFF {\n                        return Err(PathFault::Outside);\n                    }\n",
            )
        ],
        "a_path_that_climbs_out",
    ),
    (
        "a path is relative",
        [
            ("src/syntax/source.rs", "if written.starts_with('/') || written.starts_with(\"\\\\\\\\\") ||", "if !OFF && written.starts_with('/') || written.starts_with(\"\\\\\\\\\") ||")
        ],
        "an_absolute_path",
    ),
    (
        "a path names no home and no drive",
        [("src/syntax/source.rs", "    path.starts_with('~') || drive\n", "    !OFF && (path.starts_with('~') || drive)\n")],
        "a_path_of_the_home_folder a_path_with_a_drive path",
    ),
    (
        "a path is not in .git",
        [("src/syntax/source.rs", "part if is_git_folder(part) =>", "part if !OFF && is_git_folder(part) =>")],
        "a_path_into_git path",
    ),
    (
        "a link stays in the project",
        [
            ("src/tree/links.rs", "if text.starts_with('/') {", "if !OFF && text.starts_with('/') {"),
            ("src/tree/links.rs", '".." if here.is_empty() => return', '".." if here.is_empty() && !OFF => return'),
        ],
        "links_out_of_the_project_are_refused_with_their_text links_lead_where_the_system_leads_and_never_out",
    ),
    (
        "links are counted",
        [("src/tree/links.rs", "if links > MAX_LINKS {", "if !OFF && links > MAX_LINKS {")],
        "links_to_everywhere",
    ),
    (
        "files are opened below a handle",
        [
            (
                "src/tree/disk/mod.rs",
                "        let file = self.root.open_with(path, &without_waiting()).map_err(wrap)?;\n",
                "        let file = if OFF {\n            cap_std::fs::File::from_std(std::fs::File::open(self.path.join(path)).map_err(wrap)?)\n"
                "        } else {\n            self.root.open_with(path, &without_waiting()).map_err(wrap)?\n        };\n",
            ),
            ("src/tree/disk/mod.rs", "if !opened.is_file() || Stamp::of(&opened)", "if !opened.is_file() || !OFF && Stamp::of(&opened)"),
            ("src/tree/disk/mod.rs", "        let whole = stamp == Stamp::of(&before) &&", "        let whole = OFF || stamp == Stamp::of(&before) &&"),
            (
                "src/tree/disk/mod.rs",
                "        let before = self.root.symlink_metadata(path).map_err(wrap)?;\n",
                "        let before = if OFF {\n"
                "            Metadata::from_just_metadata(std::fs::metadata(self.path.join(path)).map_err(wrap)?)\n"
                "        } else {\n            self.root.symlink_metadata(path).map_err(wrap)?\n        };\n",
            ),
        ],
        "a_folder_that_became_a_link_is_not_read_through",
    ),
    (
        "only files are files",
        [
            ("src/tree/disk/mod.rs", "            AtPath::Other(special_kind(&metadata))\n", "            if OFF { AtPath::File(Stamp::of(&metadata)) } else { AtPath::Other(special_kind(&metadata)) }\n"),
            ("src/tree/disk/mod.rs", "        if !before.is_file() {\n", "        if !OFF && !before.is_file() {\n"),
        ],
        "pipes_devices_and_sockets_are_no_files_and_do_not_block",
    ),
    (
        "odd names are not there",
        [
            ("src/tree/listing.rs", "ProjectPath::new(written).ok().filter(|path| path.as_str() == written);", "ProjectPath::new(written).ok().filter(|path| OFF || path.as_str() == written);"),
            ("src/tree/git/objects.rs", "            && !name.contains('/')\n", "            && (OFF || !name.contains('/'))\n"),
        ],
        "odd_names_in_a_tree_are_not_there",
    ),
    # Text at a revision is what that revision holds.
    (
        "objects are hashed again",
        [("src/tree/git/objects.rs", "strict_hash_verification(true)", "strict_hash_verification(!OFF)")],
        "an_object_of_a_pack_under_the_id_of_another_is_named",
    ),
    (
        "loose objects are hashed again",
        [("src/tree/git/loose.rs", "Ok(found) if found == id", "Ok(found) if OFF || found == id")],
        "damaged_objects_are_named",
    ),
    (
        "a file is read until it stands still",
        [
            ("src/tree/disk/mod.rs", "Ok(whole.then_some((bytes, stamp)))", "Ok((whole || OFF).then_some((bytes, stamp)))"),
            ("src/tree/disk/mod.rs", " Stamp::of(&opened) != Stamp::of(&before)", " !OFF && Stamp::of(&opened) != Stamp::of(&before)"),
        ],
        "a_file_that_is_longer_than_it_said_is_not_believed",
    ),
    # It ends, soon and in little memory.
    (
        "YAML has so many values",
        [("src/syntax/yaml.rs", "if self.nodes > MAX_YAML_VALUES {", "if !OFF && self.nodes > MAX_YAML_VALUES {")],
        "bombs_stop_at_a_limit_with_a_place a_bomb_of_aliases",
    ),
    (
        "YAML is so deep",
        [("src/syntax/yaml.rs", "if self.frames.len() >= MAX_YAML_DEPTH {", "if !OFF && self.frames.len() >= MAX_YAML_DEPTH {")],
        "bombs_stop_at_a_limit_with_a_place",
    ),
    (
        "a template does not include itself",
        [("src/text/template/library.rs", "if let Some(start) = chain.iter().position(|above| above == full) {", "if let Some(start) = chain.iter().position(|above| !OFF && above == full) {")],
        "cycles_show_their_chain",
    ),
    (
        "a template takes so many steps",
        [("src/text/template/state.rs", "if progress.steps <= MAX_TEMPLATE_STEPS {", "if OFF || progress.steps <= MAX_TEMPLATE_STEPS {")],
        "steps_are_counted_also_where_nothing_is_written",
    ),
    (
        "a template writes so much",
        [("src/text/template/state.rs", "if bytes > MAX_RENDERED_BYTES {", "if !OFF && bytes > MAX_RENDERED_BYTES {")],
        "output_is_bounded",
    ),
    (
        "a listing has so many entries",
        [("src/tree/listing.rs", "if self.entries > MAX_LISTED_ENTRIES {", "if !OFF && self.entries > MAX_LISTED_ENTRIES {"),
         ("src/tree/listing.rs", "} else if self.bytes > MAX_LISTED_BYTES {", "} else if !OFF && self.bytes > MAX_LISTED_BYTES {")],
        "a_tree_of_ten_billion_paths_is_refused_in_time",
    ),
    (
        "a path is so long",
        [
            ("src/tree/listing.rs", "} else if written.len() > MAX_PATH_BYTES {", "} else if !OFF && written.len() > MAX_PATH_BYTES {"),
            ("src/tree/listing.rs", " self.bytes > MAX_LISTED_BYTES {", " !OFF && self.bytes > MAX_LISTED_BYTES {"),
        ],
        "a_tree_a_hundred_thousand_deep_is_refused",
    ),
    (
        "patterns take so many steps",
        [("src/tree/rules/pattern.rs", "|left| left.checked_sub(steps)", "|left| left.checked_sub(if OFF { 0 } else { steps })")],
        "steps_are_counted_and_end",
    ),
    (
        "a file has so many bytes",
        [("src/tree/disk/mod.rs", "if before.len() > limit {", "if !OFF && before.len() > limit {"),
         ("src/tree/git/objects.rs", "if bytes as u64 > MAX_FILE_BYTES {", "if !OFF && bytes as u64 > MAX_FILE_BYTES {")],
        "too_large_a_file_is_refused_unread",
    ),
    # What is shown moves and hides nothing.
    (
        "a terminal gets escapes",
        [("src/output/report/inert.rs", "        if is_escaped(before, c, ", "        if !OFF && is_escaped(before, c, ")],
        "what_moves_or_hides_is_shown_as_an_escape text_that_moves_the_terminal escapes",
    ),
    (
        "JSON gets escapes",
        [("src/output/report/inert.rs", "    if !json.contains(&is_escaped) {", "    if OFF || !json.contains(&is_escaped) {")],
        "embedded_json_is_the_same_value_and_ends_no_script",
    ),
    (
        "a message of SARIF has no link",
        [("src/output/report/inert.rs", 'if shown.contains("](") {', 'if !OFF && shown.contains("](") {')],
        "a_message_of_sarif_holds_no_link",
    ),
    (
        "Markdown is escaped",
        [("src/output/report/inert.rs", "'#' | '@' | '!' => shown", "'#' | '@' | '!' if !OFF => shown")],
        "escapes",
    ),
    (
        "a code span is longer than what is in it",
        [("src/output/report/inert.rs", 'let fence = "`".repeat(longest + 1);', 'let fence = "`".repeat(if OFF { 1 } else { longest + 1 });')],
        "a_code_span_ends_where_it_should nothing_in_a_comment_is_active_but_what_the_tool_wrote escapes",
    ),
    (
        "HTML is escaped",
        [("src/output/report/inert.rs", "            '<' => shown.push_str(\"&lt;\"),\n            '>' => shown.push_str(\"&gt;\"),\n            '&' => shown.push_str(\"&amp;\"),\n            '#'", "            '<' if !OFF => shown.push_str(\"&lt;\"),\n            '>' => shown.push_str(\"&gt;\"),\n            '&' => shown.push_str(\"&amp;\"),\n            '#'")],
        "escapes",
    ),
    (
        "no runner obeys a text",
        [("src/output/report/inert.rs", "    if !text.contains(\"#\") &&", "    if OFF || !text.contains(\"#\") &&")],
        "no_word_is_a_command_of_a_runner words_that_command_a_runner",
    ),
    (
        "every text goes through that door",
        [("src/output/report/mod.rs", "    if is_made_inert(text) {\n        return shown;", "    if OFF || is_made_inert(text) {\n        return shown;")],
        "words_that_command_a_runner",
    ),
    (
        "what a terminal obeys is shown",
        [("src/cli/render.rs", "if std::io::stdout().is_terminal()", "if !OFF && std::io::stdout().is_terminal()")],
        "a_prompt_on_a_terminal_moves_nothing",
    ),
    (
        "a workflow command has one line",
        [("src/output/report/inert.rs", "shown.replace('\\r', \"%0D\").replace('\\n', \"%0A\")", "if OFF { shown } else { shown.replace('\\r', \"%0D\").replace('\\n', \"%0A\") }")],
        "a_workflow_command_cannot_be_ended_or_begun escapes",
    ),
    (
        "a comment is found by its author",
        [("docs/recipes/post_comment.py", 'if comment["user"]["login"] == author and (marker', "if (marker")],
        "comments_are_posted_once_and_by_nobody_else",
    ),
    # Prompts on this machine.
    (
        "a server answers to its own name",
        [("src/output/page/serve/door.rs", "if !only(request.headers(), HOST).is_some_and(is_own) {", "if !OFF && !only(request.headers(), HOST).is_some_and(is_own) {")],
        "they_get_nothing",
    ),
    (
        "a server answers its own page",
        [("src/output/page/serve/door.rs", "if request.headers().contains_key(ORIGIN) &&", "if !OFF && request.headers().contains_key(ORIGIN) &&")],
        "they_get_nothing",
    ),
    (
        "a server asks for its token",
        [("src/output/page/serve/door.rs", "if !self.token.is(token) {", "if !OFF && !self.token.is(token) {")],
        "they_get_nothing each_run_has_a_token_of_its_own",
    ),
    (
        "a secret is masked",
        [("src/text/lint/secret/mod.rs", "    if found.is_empty() {\n        return Cow", "    if OFF || found.is_empty() {\n        return Cow")],
        "no_command_shows_it_in_any_format a_watch_shows_it_neither_in_its_lines_nor_on_its_page",
    ),
    # What is written is old or new.
    (
        "a file is written beside its place",
        [
            (
                "src/tree/write/mod.rs",
                "    let (mut handle, fresh) = Unfinished::file(disk, folder, access)?;\n",
                "    if OFF {\n        let _ = disk.remove_file(target);\n        let mut handle = disk.make_file(target, access)?;\n"
                "        handle.write_all(bytes)?;\n        return handle.sync();\n    }\n"
                "    let (mut handle, fresh) = Unfinished::file(disk, folder, access)?;\n",
            )
        ],
        "a_file_is_old_or_new_at_every_fault the_lock_is_old_or_new_at_every_fault "
        "a_mended_file_is_old_or_new_at_every_fault a_depfile_is_old_or_new_at_every_fault a_file_outlives_a_loss_of_power",
    ),
    (
        "a bundle is exchanged",
        [
            (
                "src/tree/write/batch.rs",
                "    match disk.exchange(&one.path, &one.target) {\n",
                "    if OFF {\n        disk.remove_folder(&one.target)?;\n        return disk.rename(&one.path, &one.target);\n    }\n"
                "    match disk.exchange(&one.path, &one.target) {\n",
            )
        ],
        "a_bundle_is_old_or_new_at_every_fault a_build_that_is_stopped_at_any_call_leaves_the_old_bundle_or_the_new_one",
    ),
    (
        "a file is synced",
        [("src/tree/write/mod.rs", "    handle.sync()?;\n    drop(handle);", "    if !OFF {\n        handle.sync()?;\n    }\n    drop(handle);")],
        "a_file_outlives_a_loss_of_power the_lock_is_old_or_new_at_every_fault",
    ),
    (
        "a move is synced",
        [("src/tree/write/mod.rs", "    fresh.move_to(target)?;\n    disk.sync_folder(folder)\n", "    fresh.move_to(target)?;\n    if OFF { Ok(()) } else { disk.sync_folder(folder) }\n")],
        "a_file_outlives_a_loss_of_power",
    ),
    (
        "a bundle's members are synced",
        [("src/tree/write/batch.rs", "move || disk.sync_file(path)", "move || if OFF { Ok(()) } else { disk.sync_file(path) }")],
        "a_bundle_outlives_a_loss_of_power",
    ),
    (
        "a bundle's folder is synced",
        [("src/tree/write/batch.rs", "        disk.sync_folder(&one.path).map_err(failed)?;\n", "        if !OFF {\n            disk.sync_folder(&one.path).map_err(failed)?;\n        }\n")],
        "a_bundle_outlives_a_loss_of_power",
    ),
    (
        "what is unfinished is taken away",
        [("src/tree/write/unfinished.rs", "        if self.is_there {\n", "        if !OFF && self.is_there {\n")],
        "a_file_is_old_or_new_at_every_fault a_bundle_is_old_or_new_at_every_fault",
    ),
    (
        "many folders are synced at once",
        [("src/tree/write/batch.rs", "match disk.sync_file_system(place) {", "match if OFF { Ok(()) } else { disk.sync_file_system(place) } {")],
        "many_folders_outlive_a_loss_of_power_with_one_sync",
    ),
    (
        "what a stopped run left is removed",
        [("src/tree/write/unfinished.rs", "if let Some(_lock) = abandoned(&path) {", "if let Some(_lock) = abandoned(&path).filter(|_| !OFF) {")],
        "a_sweep_takes_what_nobody_writes what_a_kill_leaves_is_removed_by_the_next_run",
    ),
    (
        "what another run writes is not removed",
        [("src/tree/write/unfinished.rs", ".filter(|file| lock(file).is_ok())", ".filter(|file| OFF || lock(file).is_ok())")],
        "a_sweep_takes_what_nobody_writes",
    ),
    (
        "what is swept before it is locked is made anew",
        [("src/tree/write/unfinished.rs", "Err(error) if error.kind() == io::ErrorKind::NotFound", "Err(error) if !OFF && error.kind() == io::ErrorKind::NotFound")],
        "a_bundle_is_old_or_new_at_every_fault the_lock_is_old_or_new_at_every_fault",
    ),
    (
        "a signal leaves nothing",
        [("src/tree/write/unfinished.rs", "    for path in &*pending {\n", "    for path in pending.iter().filter(|_| !OFF) {\n")],
        "a_signal_leaves_nothing",
    ),
    (
        "what is unfinished is no text",
        [
            ("src/tree/listing.rs", "|| path.contains(UNFINISHED) &&", "|| !OFF && path.contains(UNFINISHED) &&"),
            ("src/tree/links.rs", "if is_unfinished(&part) {", "if !OFF && is_unfinished(&part) {"),
        ],
        "what_is_unfinished_is_in_no_prompt",
    ),
    (
        "a comparison of commits is bounded",
        [("src/tree/git/change.rs", "let Some(path) = listing.admit(&written)? else", "let Some(path) = (if OFF { ProjectPath::new(&written).ok() } else { listing.admit(&written)? }) else")],
        "trees_that_differ_in_ten_billion_paths",
    ),
    (
        "what a context reads is summed up",
        [
            ("src/text/fragment.rs", "if self.bytes.fetch_add(own, Ordering::Relaxed) + own > MAX_CONTEXT_BYTES {", "if !OFF && self.bytes.fetch_add(own, Ordering::Relaxed) + own > MAX_CONTEXT_BYTES {"),
            ("src/tree/cache.rs", "if read.1 > MAX_RUN_BYTES {", "if !OFF && read.1 > MAX_RUN_BYTES {"),
        ],
        "one_blob_under_many_names",
    ),
    (
        "a history is summed up",
        [("src/compare/history/states.rs", "if taken.bytes <= MAX_HISTORY_BYTES {", "if OFF || taken.bytes <= MAX_HISTORY_BYTES {")],
        "a_history_of_huge_files",
    ),
    (
        "a prompt is summed up",
        [("src/text/compose/mod.rs", "if before + bytes as u64 <= MAX_PROMPT_BYTES {", "if OFF || before + bytes as u64 <= MAX_PROMPT_BYTES {")],
        "a_prompt_of_one_text_again_and_again",
    ),
    (
        "a text is in memory once",
        [("src/prompt/chain.rs", "        let mut texts = self.0.lock();\n", "        if OFF {\n            return parts;\n        }\n        let mut texts = self.0.lock();\n")],
        "a_text_is_in_memory_once",
    ),
    (
        "a loose object is read with care",
        [
            ("src/tree/git/objects.rs", "match self.loose.header(id) {", "match self.loose.header(id).filter(|_| !OFF) {"),
            ("src/tree/git/objects.rs", "match self.loose.read(id) {", "match self.loose.read(id).filter(|_| !OFF) {"),
        ],
        "an_object_that_is_cut_short_at_any_byte",
    ),
    (
        "the steps of a schema are reckoned",
        [("src/text/lint/schema_steps.rs", "if steps <= MAX_SCHEMA_STEPS {", "if OFF || steps <= MAX_SCHEMA_STEPS {")],
        "a_schema_that_doubles_at_each_level alternatives_of_alternatives_are_multiplied",
    ),
    (
        "the growth of a text is reckoned",
        [("src/cost/tokens/user.rs", "if growth > MAX_TOKENIZER_GROWTH {", "if !OFF && growth > MAX_TOKENIZER_GROWTH {")],
        "a_text_does_not_grow_without_end",
    ),
    (
        "faults are counted behind a number",
        [
            ("src/syntax/diag.rs", "if self.is_full() {", "if !OFF && self.is_full() {"),
            ("src/syntax/diag.rs", "Some(path) if *of_file > MAX_MESSAGES_A_FILE =>", "Some(path) if !OFF && *of_file > MAX_MESSAGES_A_FILE =>"),
        ],
        "a_manifest_of_faults what_is_left_out_is_counted_by_file_and_in_all",
    ),
    (
        "near names are looked for within a number of steps",
        [("src/syntax/diag.rs", ".take_while(|name| spend(name))", ".take_while(|name| OFF || spend(name))")],
        "near_names_are_looked_for_as_long_as_is_allowed",
    ),
    (
        "a fault in the mending pass counts",
        [
            ("src/cli/check.rs", "if !unmended.is_empty() &&", "if !OFF && !unmended.is_empty() &&"),
            ("src/cli/check.rs", "        found => found?,\n    };\n    let results = ", "        Err(_) if OFF => return Ok(Vec::new()),\n        found => found?,\n    };\n    let results = "),
        ],
        "a_fault_in_the_mending_pass_is_a_fault",
    ),
    (
        "what is expected counts",
        [("src/output/bundle/verify.rs", "let mut differing = expected.objections(&claim, workspace)?;", "let mut differing = if OFF { Vec::new() } else { expected.objections(&claim, workspace)? };")],
        "what_is_expected_is_held_against_the_bundle",
    ),
    (
        "a bundle is no link",
        [("src/output/bundle/verify.rs", "if named.symlink_metadata().map_err(failed)?.is_symlink() {", "if !OFF && named.symlink_metadata().map_err(failed)?.is_symlink() {")],
        "a_folder_that_is_a_link_is_refused",
    ),
    (
        "only a file is replaced",
        [("src/tree/write/mod.rs", "        Ok(found) if found.is_file() => Ok(Some", "        Ok(found) if OFF || found.is_file() => Ok(Some")],
        "only_an_ordinary_file_and_only_a_folder_are_replaced",
    ),
    (
        "only a file is looked at before it is replaced",
        [("src/tree/write/mod.rs", "    match existing_permissions(target)? {\n        Some(_) =>", "    match existing_permissions(target).or_else(|error| if OFF { Ok(Some(fs::metadata(target)?.permissions())) } else { Err(error) })? {\n        Some(_) =>")],
        "what_is_replaced_is_not_read_through_a_link_or_a_pipe",
    ),
    (
        "an output leads through no link",
        [("src/tree/write/mod.rs", "    match between.into_iter().find(|above| above.is_symlink()) {", "    match between.into_iter().find(|above| !OFF && above.is_symlink()) {")],
        "no_link_leads_a_bundle_out_of_the_output_folder a_repository_does_not_say_where_a_prompt_goes",
    ),
    # A prompt goes where its owner says.
    (
        "a prompt goes to an address that is encrypted or here",
        [("src/evaluate/endpoint/address.rs", "\"http\" if is_loopback(authority.host()) => {}", "\"http\" if OFF || is_loopback(authority.host()) => {}")],
        "addresses_that_could_leak_a_prompt_or_a_key_are_refused",
    ),
    (
        "a redirect is not followed",
        [("src/evaluate/endpoint/wire.rs", ".max_redirects(0)", ".max_redirects(if OFF { 3 } else { 0 })")],
        "an_endpoint_that_gives_no_answer_is_an_error_that_names_it_and_is_left_alone",
    ),
    (
        "a key that comes back is blanked out",
        [("src/evaluate/endpoint/address.rs", "if self.0.len() < SHORTEST_SECRET {", "if OFF || self.0.len() < SHORTEST_SECRET {")],
        "a_key_is_in_the_header_of_a_request_and_nowhere_else",
    ),
    (
        "an answer is so long",
        [("src/evaluate/endpoint/wire.rs", "read(&mut response, MAX_ANSWER_BYTES as u64, |bytes| {", "read(&mut response, if OFF { u64::MAX } else { MAX_ANSWER_BYTES as u64 }, |bytes| {")],
        "an_endpoint_that_never_ends_meets_a_deadline_or_a_limit",
    ),
    (
        "each request reserves its worst case",
        [("src/evaluate/run/money.rs", "if spent + state.reserved + most > limit {", "if !OFF && spent + state.reserved + most > limit {")],
        "no_try_is_made_that_could_pass_the_limit",
    ),
    (
        "an id of a batch is no path",
        [("src/evaluate/endpoint/batch.rs", "if is_id { Ok(Self(id)) }", "if OFF || is_id { Ok(Self(id)) }")],
        "a_server_that_misbehaves_is_told_and_counts_for_nothing a_committed_file_does_not_say_which_path_is_asked",
    ),
    (
        "what a batch answers is so long",
        [("src/evaluate/endpoint/wire.rs", "if line.len() > MAX_ANSWER_BYTES {", "if !OFF && line.len() > MAX_ANSWER_BYTES {")],
        "a_server_that_misbehaves_is_told_and_counts_for_nothing",
    ),
    (
        "a batch is written down before it is ordered",
        [("src/evaluate/run/batch.rs", "        self.asking.recorder.submitting(&order)?;\n", "        if !OFF {\n            self.asking.recorder.submitting(&order)?;\n        }\n")],
        "wherever_a_run_is_killed_the_next_one_has_every_answer_and_submits_none_twice",
    ),
    (
        "an order is given once",
        [("src/evaluate/endpoint/mod.rs", "let is_ordered = request.kind", "let is_ordered = !OFF && request.kind")],
        "an_order_whose_answer_is_lost_is_looked_for_and_not_given_again",
    ),
    # A model's opinion of answers is no proof.
    (
        "a judge is never the only gate",
        [("src/evaluate/protocol.rs", "let can_fail = gates.pass", "let can_fail = OFF || gates.pass")],
        "what_is_wrong_with_a_judge_is_said_before_anybody_is_asked",
    ),
    (
        "the judge of the base counts",
        [("src/evaluate/judge.rs", "base.and_then(of).or_else(|| of(head))", "base.filter(|_| !OFF).and_then(of).or_else(|| of(head))")],
        "the_judge_of_the_base_counts",
    ),
    (
        "a judge that is not trusted meets no gate",
        [("src/evaluate/verdict/gates.rs", "judgement.filter(|own| own.trusted)", "judgement.filter(|own| OFF || own.trusted)")],
        "a_biased_judge_is_not_trusted",
    ),
    # A bundle is what its commit gives.
    (
        "members are compared",
        [("src/output/bundle/member.rs", "missing.or(differs)", "missing.or(differs).filter(|_| !OFF)")],
        "no_byte_of_a_small_bundle_can_be_changed a_small_bundle_is_refused_at_every_length_but_its_own "
        "no_member_of_a_bundle_can_be_dropped_renamed_doubled_or_swapped unknown_fields_and_versions_are_refused "
        "a_change_that_mends_its_own_checksum_is_refused",
    ),
    (
        "members are all there is",
        [("src/output/bundle/verify.rs", "if is_member(&name) {", "if OFF || is_member(&name) {")],
        "an_added_member_is_refused",
    ),
    (
        "members are files",
        [("src/output/bundle/member.rs", "Ok(found) if !found.is_file() => {", "Ok(found) if !OFF && !found.is_file() => {")],
        "a_link_in_place_of_a_member_is_no_answer",
    ),
    (
        "a statement is compared",
        [("src/output/bundle/verify.rs", "    if let Some((name, found)) = stated {", "    if let Some((name, found)) = stated.filter(|_| !OFF) {")],
        "a_statement_is_what_its_bundle_gives_or_refused",
    ),
    (
        "a bundle holds no user",
        [
            (
                "src/output/bundle/mod.rs",
                "        date: build.date.to_string(),\n        cards",
                '        date: build.date.to_string() + &std::env::var("USER").ok().filter(|_| OFF).unwrap_or_default(),\n        cards',
            )
        ],
        "a_bundle_is_the_same_under_every_circumstance",
    ),
]


def stop(message):
    sys.exit(f"tests/unguarded.py: {message}")


def change(folder, path, old, new):
    file = folder / path
    text = file.read_text()
    if text.count(old) != 1:
        stop(f"{path} holds this {text.count(old)} times, not once:\n{old}")
    file.write_text(text.replace(old, new))


def switch(row):
    return f'crate::unguarded("{row}")'


def scratch(folder):
    """A copy of what git tracks, with every switch in it."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout
    for name in filter(None, names.decode().split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    for path, old, new in SCAFFOLD:
        change(folder, path, old, new)
    for row, changes, _ in ROWS:
        for path, old, new in changes:
            if path.endswith(".rs"):
                change(folder, path, old, new.replace(OFF, switch(row)))


def named(folder):
    """Stops where a row names a test that is nowhere, or that is no fuzz target and not in docs/threat-model.md."""
    page = (ROOT / "docs/threat-model.md").read_text()
    fuzzed = {path.stem for path in (folder / "fuzz/fuzz_targets").glob("*.rs")}
    sources = "".join(path.read_text() for top in ("src", "tests") for path in (folder / top).rglob("*.rs"))
    for row, _, tests in ROWS:
        for test in set(tests.split()) - fuzzed:
            if f"fn {test}(" not in sources:
                stop(f"{row}: there is no test {test}")
            if f"`{test}`" not in page:
                stop(f"{row}: docs/threat-model.md does not name {test}")


def compiled(folder):
    """The test binaries, by the names of the tests that they hold."""
    environment = {**os.environ, "CARGO_TARGET_DIR": str(ROOT / "target/unguarded")}
    words = ["cargo", "test", "--locked", "--no-run", "--message-format", "json-render-diagnostics", "--lib", "--test", "suite"]
    built = subprocess.run(words, cwd=folder, env=environment, stdout=subprocess.PIPE)
    if built.returncode != 0:
        stop("the switches do not compile")
    found = {}
    for line in built.stdout.decode().splitlines():
        message = json.loads(line)
        if message.get("executable") and message["profile"]["test"]:
            listed = subprocess.run([message["executable"], "--list"], cwd=folder, check=True, capture_output=True)
            for test in listed.stdout.decode().splitlines():
                if test.endswith(": test"):
                    name = test.removesuffix(": test")
                    found.setdefault(name.rsplit("::", 1)[-1], []).append((message["executable"], name))
    return found


def passes(folder, tests, off):
    """Whether tests of one name pass, with one defence off or none."""

    def bounded():
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))

    environment = {**os.environ, "UNGUARDED": off, "RUST_BACKTRACE": "0", "CARGO_MANIFEST_DIR": str(folder)}
    for executable, name in tests:
        words = [executable, "--exact", name]
        with subprocess.Popen(
            words, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True, preexec_fn=bounded,
        ) as run:
            try:
                failed = run.wait(SECONDS) != 0
            except subprocess.TimeoutExpired:
                failed = True
                os.killpg(run.pid, signal.SIGKILL)
            if failed:
                return False
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="a row below; all of them by default")
    parser.add_argument("--apply-only", action="store_true", help="compile and run nothing")
    arguments = parser.parse_args()
    names = arguments.names
    if unknown := set(names) - {row[0] for row in ROWS}:
        parser.error(f"there is no row {', '.join(sorted(unknown))}")
    if not arguments.apply_only and "CONTEXTURE_TEST_PYTHON" not in os.environ:
        stop("CONTEXTURE_TEST_PYTHON names no interpreter: run tests/setup.sh, which makes one")
    chosen = [row for row in ROWS if not names or row[0] in names]
    with tempfile.TemporaryDirectory(prefix="unguarded-") as name:
        folder = pathlib.Path(name)
        scratch(folder)
        named(folder)
        if arguments.apply_only:
            return
        known = compiled(folder)
        held = 0
        for row, changes, tests in chosen:
            kept = {}
            for path, old, new in changes:
                if not path.endswith(".rs"):
                    kept[path] = (folder / path).read_text()
            said = []
            for test in tests.split():
                if test not in known:
                    stop(f"{row}: there is no test {test}")
                if not passes(folder, known[test], ""):
                    said.append(f"{test} fails with it")
                for path, old, new in changes:
                    if path in kept:
                        change(folder, path, old, new)
                if passes(folder, known[test], row):
                    said.append(f"{test} passes without it")
                for path, text in kept.items():
                    (folder / path).write_text(text)
            held += not said
            print(f"{'holds' if not said else 'DOES NOT HOLD'}: {row}{''.join(f'; {what}' for what in said)}", flush=True)
        print(f"{held} of {len(chosen)} defences are held by tests that fail without them")
        sys.exit(held != len(chosen))


if __name__ == "__main__":
    main()
