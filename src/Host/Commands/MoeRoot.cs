using System.CommandLine;
using System.CommandLine.Help;

namespace MoeActors.Host.Commands;

/// <summary>The command line as a whole.</summary>
internal static class MoeRoot
{
    private static readonly string[] Examples =
    [
        "moe train",
        "moe resume runs/book --nodes 2",
        "moe generate runs/book --prompt \"It was\"",
        "moe plan gpt-350m-16e --nodes 8",
    ];

    /// <summary>All commands.</summary>
    public static Command Build(Handlers handlers)
    {
        var root = new MoeCommand("moe", "Trains sparse Mixture-of-Experts language models on a cluster of node processes that survives the loss of any of them.", Examples)
        {
            new HelpOption(),
            new VersionOption(),
            TrainCommands.Train(handlers.Train),
            TrainCommands.Resume(handlers.Resume),
            ClusterCommands.Node(handlers.Node),
            ClusterCommands.Run(handlers),
            FaultCommands.Fault(handlers),
            FaultCommands.Chaos(handlers.ChaosRun),
            CheckpointCommands.Generate(handlers.Generate),
            CheckpointCommands.Checkpoint(handlers),
            ToolCommands.Gates(handlers.Gates),
            ToolCommands.Plan(handlers.Plan),
            ToolCommands.Tokenizer(handlers.TokenizerTrain),
            ToolCommands.Diagnose(handlers.Diagnose),
            ToolCommands.Bench(handlers.Bench),
            ToolCommands.Setup(handlers.Setup),
            ShellCommands.Completion(),
            ShellCommands.Version(),
        };
        root.Add(ShellCommands.Help(root));
        ExamplesHelp.Install(root);
        return root;
    }
}
