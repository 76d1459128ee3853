using System.CommandLine;
using MoeActors.Host.Configuration;

namespace MoeActors.Host.Commands;

/// <summary>moe node and moe run: clusters started by hand.</summary>
internal static class ClusterCommands
{
    /// <summary>moe node.</summary>
    public static Command Node(IHandler<NodeRequest> handler)
    {
        var command = new MoeCommand(
            "node",
            "Runs one cluster node: in several terminals, or on several machines (these need a secret, PostgreSQL and shared storage).",
            "moe node --port 7100",
            "moe node --port 7101 --join 127.0.0.1:7100",
            "moe node --host 10.0.0.5 --port 7100 --config cluster.conf");
        SettingFlags flags = new SettingFlags(command)
            .Add("--host", "cluster.host", "ADDRESS", "Address to listen on and to announce.")
            .Add("--port", "cluster.port", "N", "Control port; 0 = a free one.")
            .AddList("--join", "cluster.join", "HOST:PORT", "Nodes of the cluster to join; without it a new cluster begins.")
            .Add("--data-dir", "node.data-dir", "DIR", "Journal, flight recorders and logs: one folder for all nodes of a cluster on this machine. Without it: .moe/cluster.");
        var supervised = new Option<bool>("--supervised") { Hidden = true, Description = "Ends when standard input closes." };
        command.Add(supervised);
        var start = new Option<int>("--start") { Hidden = true, Description = "How often the supervisor started this node before." };
        command.Add(start);
        command.Runs(handler, r => new NodeRequest(SettingsLoader.Load(flags.Request(r)), r.GetValue(supervised), r.GetValue(start)));
        return command;
    }

    /// <summary>moe run start|resume|stop|status.</summary>
    public static Command Run(Handlers handlers) => new MoeCommand(
        "run",
        "Submits a run to a cluster started by hand, or goes on with one there; stops and watches a run, also one of `moe train`.",
        "moe run start --cluster 127.0.0.1:7100 --preset tiny",
        "moe run status --cluster 127.0.0.1:7100 --watch")
    {
        Start(handlers.RunStart),
        Resume(handlers.RunResume),
        Control(handlers.RunStop, "stop", "Stops the run of a cluster after a last checkpoint.", watchable: false, "moe run stop --cluster 127.0.0.1:7100", "moe run stop --run-dir runs/book"),
        Control(
            handlers.RunStatus,
            "status",
            "Shows the run of a cluster: step, loss, speed, nodes, last checkpoint.",
            watchable: true,
            "moe run status --cluster 127.0.0.1:7100",
            "moe run status --run-dir runs/book --watch"),
    };

    private static MoeCommand Start(IHandler<RunStartRequest> handler)
    {
        var command = new MoeCommand(
            "start",
            "Submits a run to a cluster.",
            "moe run start --cluster 127.0.0.1:7100 --preset tiny --run-dir runs/by-hand",
            "moe run start --cluster 127.0.0.1:7100 --config my.conf");
        Option<string> cluster = ClusterOption();
        command.Add(cluster);
        SettingFlags flags = new SettingFlags(command).AddRun();
        Option<bool> json = MoeCommand.JsonOption();
        command.Add(json);
        command.Runs(handler, r => new RunStartRequest(Address(r, cluster), SettingsLoader.Load(flags.Request(r)), r.GetValue(json)));
        return command;
    }

    private static MoeCommand Resume(IHandler<RunResumeRequest> handler)
    {
        var command = new MoeCommand(
            "resume",
            "Goes on with an existing run on a cluster, where its newest checkpoint ends.",
            "moe run resume runs/by-hand --cluster 127.0.0.1:7100",
            "moe run resume runs/by-hand --cluster 127.0.0.1:7100 --nodes 2",
            "moe run resume runs/by-hand --cluster 127.0.0.1:7100 --steps 4000");
        Argument<string> run = RunFolder.Argument();
        command.Add(run);
        Option<string> cluster = ClusterOption();
        command.Add(cluster);
        SettingFlags flags = new SettingFlags(command).Add("--nodes", "nodes", "N", "Node processes; without it as many as before.").AddMoreSteps().AddPlaces();
        Option<bool> json = MoeCommand.JsonOption();
        command.Add(json);
        command.Runs(handler, r => new RunResumeRequest(Address(r, cluster), RunFolder.Existing(r.GetRequiredValue(run)), flags.Request(r), r.GetValue(json)));
        return command;
    }

    private static MoeCommand Control(IHandler<RunControlRequest> handler, string name, string description, bool watchable, params string[] examples)
    {
        var command = new MoeCommand(name, description, examples);
        var cluster = new ClusterFlags(command);
        var watch = new Option<bool>("--watch") { Description = "Go on showing it until the run ends." };
        if (watchable)
        {
            command.Add(watch);
        }

        Option<bool> json = MoeCommand.JsonOption();
        command.Add(json);
        command.Runs(handler, r => new RunControlRequest(cluster.Place(r), watchable && r.GetValue(watch), r.GetValue(json)));
        return command;
    }

    private static Option<string> ClusterOption() => new("--cluster") { HelpName = "HOST:PORT", Required = true, Description = "Any node of the cluster." };

    private static NodeAddress Address(ParseResult result, Option<string> option) => Address(result.GetRequiredValue(option));

    /// <summary>The address that --cluster names.</summary>
    public static NodeAddress Address(string text)
    {
        return NodeAddress.TryParse(text, out NodeAddress address)
            ? address
            : throw new CommandException(ExitCodes.CommandLine, $"--cluster {text}: expected HOST:PORT of a running node, for example 127.0.0.1:7100");
    }
}
