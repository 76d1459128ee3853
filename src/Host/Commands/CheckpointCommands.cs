using System.CommandLine;
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
            RunFolder.Existing(r.GetRequiredValue(run)), r.GetValue(step), SettingsLoader.Load(flags.Request(r)), r.GetValue(json)));
        return command;
    }

    /// <summary>moe checkpoint list|verify|show.</summary>
    public static Command Checkpoint(Handlers handlers) => new MoeCommand(
        "checkpoint",
        "Lists, verifies and shows the checkpoints of a run.",
        "moe checkpoint list runs/book",
        "moe checkpoint verify runs/book --step 500")
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
    };

    private static MoeCommand One(IHandler<CheckpointRequest> handler, string name, string description, string? defaultStep, params string[] examples)
    {
        var command = new MoeCommand(name, description, examples);
        Argument<string> run = RunFolder.Argument();
        command.Add(run);
        Option<long?>? step = defaultStep is null ? null : StepOption(defaultStep);
        if (step is not null)
        {
            command.Add(step);
        }

        Option<bool> json = MoeCommand.JsonOption();
        command.Add(json);
        command.Runs(handler, r => new CheckpointRequest(RunFolder.Existing(r.GetRequiredValue(run)), step is null ? null : r.GetValue(step), r.GetValue(json)));
        return command;
    }

    private static Option<long?> StepOption(string otherwise) => new("--step") { HelpName = "N", Description = $"Step of the checkpoint; without it {otherwise}." };
}
