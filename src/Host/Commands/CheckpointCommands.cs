using System.CommandLine;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Host.Configuration;

namespace MoeActors.Host.Commands;

/// <summary>moe generate and moe checkpoint: what one does with a finished run.</summary>
internal static class CheckpointCommands
{
    /// <summary>moe generate.</summary>
    public static Command Generate(IHandler<GenerateRequest> handler)
    {
        var command = new MoeCommand(
            "generate",
            "Generates text from a checkpoint of a run.",
            "moe generate runs/book --prompt \"It was\"",
            "moe generate runs/book --prompt \"It was\" --tokens 500 --temperature 0.7 --seed 3");
        Argument<string> run = RunFolder.Argument();
        command.Add(run);
        SettingFlags flags = new SettingFlags(command)
            .Add("--prompt", "generation.prompt", "TEXT", "What the text goes on from.")
            .Add("--tokens", "generation.tokens", "N", "Tokens to generate.")
            .Add("--temperature", "generation.temperature", "X", "Softmax temperature; 0 = always the likeliest token.")
            .Add("--top-k", "generation.top-k", "N", "Sample among this many likeliest tokens; 0 = all.")
            .Add("--seed", "generation.seed", "N", "Seed of the sampling.");
        Option<long?> step = StepOption("the newest");
        Option<bool> json = MoeCommand.JsonOption();
        command.Add(step);
        command.Add(json);
        command.Runs(handler, r => new GenerateRequest(
            RunFolder.Existing(r.GetRequiredValue(run)), r.GetValue(step), Load(flags, r, RunFolder.Existing(r.GetRequiredValue(run))), r.GetValue(json)));
        return command;
    }

    /// <summary>moe checkpoint list|verify|show|diff|prune|export.</summary>
    public static Command Checkpoint(Handlers handlers) => new MoeCommand(
        "checkpoint",
        "Lists, verifies, shows, compares, prunes and exports the checkpoints of a run.",
        "moe checkpoint list runs/book",
        "moe checkpoint verify runs/book --step 500",
        "moe checkpoint export runs/book --output book-model")
    {
        One(handlers.CheckpointList, "list", "Lists the checkpoints of a run, newest first.", null, "moe checkpoint list runs/book"),
        One(
            handlers.CheckpointVerify,
            "verify",
            "Reads every byte of the checkpoints and compares it with its checksum.",
            "all",
            "moe checkpoint verify runs/book",
            "moe checkpoint verify runs/book --step 500"),
        One(
            handlers.CheckpointShow,
            "show",
            "Shows what a checkpoint holds: run, files, tensors.",
            "the newest",
            "moe checkpoint show runs/book",
            "moe checkpoint show runs/book --step 500 --json"),
        Diff(handlers.CheckpointDiff),
        Prune(handlers.CheckpointPrune),
        Export(handlers.CheckpointExport),
    };

    private static MoeCommand One(IHandler<CheckpointRequest> handler, string name, string description, string? defaultStep, params string[] examples)
    {
        var command = new MoeCommand(name, description, examples);
        Func<ParseResult, RunPlace> run = Run(command);
        Option<long?>? step = defaultStep is null ? null : StepOption(defaultStep);
        if (step is not null)
        {
            command.Add(step);
        }

        Option<bool> json = MoeCommand.JsonOption();
        command.Add(json);
        command.Runs(handler, r => new CheckpointRequest(run(r), step is null ? null : r.GetValue(step), r.GetValue(json)));
        return command;
    }

    private static MoeCommand Diff(IHandler<CheckpointDiffRequest> handler)
    {
        var command = new MoeCommand(
            "diff",
            "Compares two checkpoints: which entries differ by version or checksum, and the bytes that came and went, expert by expert.",
            "moe checkpoint diff runs/book 500 600",
            "moe checkpoint diff runs/book 500 600 --json");
        Func<ParseResult, RunPlace> run = Run(command);
        var from = new Argument<long>("A") { Description = "Step of the one checkpoint." };
        var to = new Argument<long>("B") { Description = "Step of the other." };
        Option<bool> json = MoeCommand.JsonOption();
        command.Add(from);
        command.Add(to);
        command.Add(json);
        command.Runs(handler, r => new CheckpointDiffRequest(run(r), r.GetRequiredValue(from), r.GetRequiredValue(to), r.GetValue(json)));
        return command;
    }

    private static MoeCommand Prune(IHandler<CheckpointPruneRequest> handler)
    {
        var command = new MoeCommand(
            "prune",
            "Applies retention now: verifies the checkpoints that stay, deletes the others and what no checkpoint refers to, and says why.",
            "moe checkpoint prune runs/book --keep 1 --dry-run",
            "moe checkpoint prune runs/book");
        Func<ParseResult, RunPlace> run = Run(command);
        var keep = new Option<int?>("--keep") { HelpName = "N", Description = "Newest checkpoints kept; without it checkpoint.keep of the run." };
        var dry = new Option<bool>("--dry-run") { Description = "Say what would go; delete nothing." };
        Option<bool> json = MoeCommand.JsonOption();
        command.Add(keep);
        command.Add(dry);
        command.Add(json);
        command.Runs(handler, r => new CheckpointPruneRequest(run(r), r.GetValue(keep), r.GetValue(dry), r.GetValue(json)));
        return command;
    }

    private static MoeCommand Export(IHandler<CheckpointExportRequest> handler)
    {
        var command = new MoeCommand(
            "export",
            "Writes a checkpoint's weights as one set of safetensors files with an index, whole tensors under the parameters' names, every byte verified on the way.",
            "moe checkpoint export runs/book --output book-model",
            "moe checkpoint export runs/book --step 500 --output book-500 --slots master --max-file 1GiB");
        Func<ParseResult, RunPlace> run = Run(command);
        Option<long?> step = StepOption("the newest");
        Option<string?> output = MoeCommand.OutputOption("FOLDER", "Folder to write; made when it is not there.", required: true);
        var slot = new Option<string?>("--slots") { HelpName = "master|weights", Description = "fp32 master copy, or weights in compute precision; without it weights where the checkpoint has them." };
        slot.AcceptOnlyFromAmong(Slots.Master, Slots.Weights);
        var most = new Option<string>("--max-file") { HelpName = "SIZE", Description = "Most bytes of tensors in one file.", DefaultValueFactory = _ => "4GiB" };
        Option<bool> json = MoeCommand.JsonOption();
        foreach (Option option in (Option[])[step, output, slot, most, json])
        {
            command.Add(option);
        }

        command.Runs(handler, r => new CheckpointExportRequest(
            run(r), r.GetValue(step), Path.GetFullPath(r.GetRequiredValue(output)!), r.GetValue(slot), Size(r.GetRequiredValue(most)), r.GetValue(json)));
        return command;
    }

    private static long Size(string text) => Quantities.TrySize(text, out long bytes) && bytes > 0
        ? bytes
        : throw new CommandException(ExitCodes.CommandLine, $"--max-file {text}: expected a size such as 512MiB or 4GiB");

    /// <summary>Adds RUN-DIR, --config and --set, which may say how an object store is reached.</summary>
    private static Func<ParseResult, RunPlace> Run(MoeCommand command)
    {
        Argument<string> run = RunFolder.Argument();
        command.Add(run);
        var flags = new SettingFlags(command);
        return r =>
        {
            string folder = RunFolder.Existing(r.GetRequiredValue(run));
            return new RunPlace(folder, Load(flags, r, folder).Runtime.ObjectStore);
        };
    }

    private static MoeSettings Load(SettingFlags flags, ParseResult result, string runDirectory) =>
        SettingsLoader.Load(flags.Request(result) with { RunDirectory = runDirectory });

    private static Option<long?> StepOption(string otherwise) => new("--step") { HelpName = "N", Description = $"Step of the checkpoint; without it {otherwise}." };
}
