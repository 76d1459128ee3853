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
            "moe train --config my.conf");
        SettingFlags flags = new SettingFlags(command).AddRun().AddSpares();
        Option<bool> json = MoeCommand.JsonOption();
        command.Add(json);
        command.Runs(handler, r => new TrainRequest(SettingsLoader.Load(flags.Request(r)), r.GetValue(json)));
        return command;
    }

    /// <summary>moe resume.</summary>
    public static Command Resume(IHandler<ResumeRequest> handler)
    {
        var command = new MoeCommand(
            "resume",
            "Goes on with a run where its newest checkpoint ends, on any number of nodes up to its logical ranks, with the same result.",
            "moe resume runs/book",
            "moe resume runs/book --nodes 2",
            "moe resume runs/book --data /new/place/book.txt");
        Argument<string> run = RunFolder.Argument();
        command.Add(run);
        SettingFlags flags = new SettingFlags(command).Add("--nodes", "nodes", "N", "Node processes; without it as many as before.").AddPlaces().AddSpares();
        Option<bool> json = MoeCommand.JsonOption();
        command.Add(json);
        command.Runs(handler, r => new ResumeRequest(RunFolder.Existing(r.GetRequiredValue(run)), flags.Request(r), r.GetValue(json)));
        return command;
    }
}
