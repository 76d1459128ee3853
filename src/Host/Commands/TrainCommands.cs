using System.CommandLine;
using MoeActors.Host.Configuration;

namespace MoeActors.Host.Commands;

/// <summary>moe train and moe resume.</summary>
internal static class TrainCommands
{
    /// <summary>moe train.</summary>
    public static Command Train(IHandler<TrainRequest> handler)
    {
        var command = new MoeCommand(
            "train",
            "Trains a model on a local cluster of node processes, with live progress, a report and a sample of text at the end. Ctrl-C writes a checkpoint and stops all of them.",
            "moe train",
            "moe train --data book.txt --nodes 4 --preset small --steps 2000 --run-dir runs/book",
            "moe train --nodes 3 --spares 1 --run-dir runs/guarded",
            "moe train --data corpus/ 'more/*.txt' --seed 7 --set training.learning-rate=5e-4",
            "moe train --from runs/book --data letters.txt --steps 500 --run-dir runs/letters",
            "moe train --config my.conf");
        SettingFlags flags = new SettingFlags(command).AddRun().AddSpares();
        var from = new Option<string?>("--from")
        {
            HelpName = "RUN-DIR",
            Description = "Begin with the weights of another run, of a model of the same shape: weights alone; optimizer, counters and order of the data begin anew. Its newest sound checkpoint, unless --from-step names one.",
        };
        var fromStep = new Option<long?>("--from-step") { HelpName = "N", Description = "Checkpoint of --from." };
        command.Add(from);
        command.Add(fromStep);
        Option<bool> json = MoeCommand.JsonOption();
        command.Add(json);
        command.Runs(handler, r => new TrainRequest(SettingsLoader.Load(flags.Request(r)), r.GetValue(json))
        {
            From = r.GetValue(from) is { } given ? RunFolder.Existing(given)
                : r.GetValue(fromStep) is null ? null
                : throw new CommandException(ExitCodes.CommandLine, "--from-step: names a checkpoint of another run; expected with --from RUN-DIR"),
            FromStep = r.GetValue(fromStep),
        });
        return command;
    }

    /// <summary>moe resume.</summary>
    public static Command Resume(IHandler<ResumeRequest> handler)
    {
        var command = new MoeCommand(
            "resume",
            "Goes on with a run where its newest checkpoint ends, on any number of nodes up to its logical ranks, with the same result. A run that is complete is left as it is; with --steps it is made longer.",
            "moe resume runs/book",
            "moe resume runs/book --nodes 2",
            "moe resume runs/book --data /new/place/book.txt",
            "moe resume runs/book --steps 4000",
            "moe resume runs/book --steps 4000 --set training.schedule-steps=4000");
        Argument<string> run = RunFolder.Argument();
        command.Add(run);
        SettingFlags flags = new SettingFlags(command).Add("--nodes", "nodes", "N", "Node processes; without it as many as before.")
            .AddMoreSteps().AddPlaces().AddSpares();
        Option<bool> json = MoeCommand.JsonOption();
        command.Add(json);
        command.Runs(handler, r => new ResumeRequest(RunFolder.Existing(r.GetRequiredValue(run)), flags.Request(r), r.GetValue(json)));
        return command;
    }
}
