using System.CommandLine;
using System.Globalization;

using MoeActors.Actors.Faults;
using MoeActors.Host.Configuration;

namespace MoeActors.Host.Commands;

/// <summary>moe fault and moe chaos: failures on purpose.</summary>
internal static class FaultCommands
{
    /// <summary>moe fault list|inject|status|cancel.</summary>
    public static Command Fault(Handlers handlers) => new MoeCommand(
        "fault",
        "Injects failures into a running cluster whose nodes were started with faults.enabled = on, and shows what became of them.",
        "moe fault list",
        "moe fault inject kill-process --target node-2 --run-dir runs/book",
        "moe fault status --run-dir runs/book")
    {
        List(handlers.FaultList),
        Inject(handlers.FaultInject),
        Status(handlers.FaultStatus),
        Cancel(handlers.FaultCancel),
    };

    /// <summary>moe chaos run.</summary>
    public static Command Chaos(IHandler<ChaosRunRequest> handler) => new MoeCommand("chaos", "Campaigns of failures.", "moe chaos run mixed")
    {
        ChaosRun(handler),
    };

    private static MoeCommand List(IHandler<FaultListRequest> handler)
    {
        var command = new MoeCommand("list", "Lists the kinds of faults, their targets and parameters.", "moe fault list", "moe fault list --json");
        Option<bool> json = MoeCommand.JsonOption();
        command.Add(json);
        command.Runs(handler, r => new FaultListRequest(r.GetValue(json)));
        return command;
    }

    private static MoeCommand Inject(IHandler<FaultInjectRequest> handler)
    {
        var command = new MoeCommand(
            "inject",
            "Injects one fault, waits until another node has seen that it took, and says what it saw. Exit code 11: refused; 12: it did not take.",
            "moe fault inject kill-process --target node-2 --cluster 127.0.0.1:7100",
            "moe fault inject stop-process --target node-3 --for 5s --after 20 --run-dir runs/book",
            "moe fault inject link-delay --target \"node-1>node-2\" --with ms=50 --for 10s --run-dir runs/book",
            "moe fault inject crash-shard --target expert-shard-0-1 --run-dir runs/book --dry-run");
        var kind = new Argument<string>("KIND") { HelpName = "KIND", Description = "Kind of the fault: `moe fault list` shows them." };
        kind.CompletionSources.Add([.. FaultKinds.All.Select(k => k.Name)]);
        var target = new Option<string>("--target") { HelpName = "TARGET", Required = true, Description = "node-2, coordinator, rank-1, expert-shard-LAYER-RANK, \"A>B\" (what node A sends to B), A=B (both ways)." };
        var with = new Option<string[]>("--with") { HelpName = "NAME=VALUE", Description = "A parameter of the kind. May be given several times." };
        var after = new Option<string?>("--after") { HelpName = "STEP|TIME", Description = "Wait until that many steps are completed (20), or for a time (5s)." };
        var length = new Option<string?>("--for") { HelpName = "TIME", Description = "How long a lasting fault lasts, at most faults.max-duration." };
        var dryRun = new Option<bool>("--dry-run") { Description = "Check everything, do nothing." };
        var detach = new Option<bool>("--detach") { Description = "Return once it is accepted; `moe fault status` shows the rest." };
        var cluster = new ClusterFlags(command);
        Option<bool> json = MoeCommand.JsonOption();
        command.Add(kind);
        foreach (Option option in (Option[])[target, with, after, length, dryRun, detach, json])
        {
            command.Add(option);
        }

        command.Runs(handler, r =>
        {
            (long step, TimeSpan time) = After(r.GetValue(after));
            return new FaultInjectRequest(
                cluster.Place(r), r.GetRequiredValue(kind), r.GetRequiredValue(target), r.GetValue(with) ?? [], step, time, Duration("--for", r.GetValue(length)), r.GetValue(dryRun), r.GetValue(detach),
                r.GetValue(json));
        });
        return command;
    }

    private static MoeCommand Status(IHandler<FaultStatusRequest> handler)
    {
        var command = new MoeCommand("status", "Shows the faults that were injected: state, observer, what it saw.", "moe fault status --cluster 127.0.0.1:7100", "moe fault status f-3 --run-dir runs/book --json");
        var id = new Argument<string?>("ID") { Arity = ArgumentArity.ZeroOrOne, Description = "One fault; without it all." };
        command.Add(id);
        var cluster = new ClusterFlags(command);
        Option<bool> json = MoeCommand.JsonOption();
        command.Add(json);
        command.Runs(handler, r => new FaultStatusRequest(cluster.Place(r), r.GetValue(id), r.GetValue(json)));
        return command;
    }

    private static MoeCommand Cancel(IHandler<FaultCancelRequest> handler)
    {
        var command = new MoeCommand("cancel", "Takes back a fault that waits, or ends one that lasts.", "moe fault cancel f-3 --cluster 127.0.0.1:7100");
        var id = new Argument<string>("ID") { Description = "The fault, as `moe fault inject` named it." };
        command.Add(id);
        var cluster = new ClusterFlags(command);
        Option<bool> json = MoeCommand.JsonOption();
        command.Add(json);
        command.Runs(handler, r => new FaultCancelRequest(cluster.Place(r), r.GetRequiredValue(id), r.GetValue(json)));
        return command;
    }

    private static MoeCommand ChaosRun(IHandler<ChaosRunRequest> handler)
    {
        var command = new MoeCommand(
            "run",
            "Runs a campaign: trains on a local cluster, injects the faults that its seed gives, and compares the result with an undisturbed run where the campaign asks for it. Exit code 12: a fault did not take, or the results differ.",
            "moe chaos run mixed",
            "moe chaos run my.conf --seed 7 --run-dir runs/chaos-7",
            "moe chaos run hocon/chaos/links.conf --dry-run");
        var file = new Argument<string>("FILE") { Description = "A campaign of hocon/chaos by its name, or a file like those." };
        command.Add(file);
        var directory = new Option<string?>("--run-dir") { HelpName = "DIR", Description = "Where the run keeps everything. Without it: runs/<time>-chaos-<id>." };
        command.Add(directory);
        var seed = new Option<long?>("--seed") { HelpName = "N", Description = "Seed of the faults, instead of the campaign's." };
        command.Add(seed);
        var dryRun = new Option<bool>("--dry-run") { Description = "Print the faults of the seed, run nothing." };
        command.Add(dryRun);
        var flags = new SettingFlags(command);
        Option<bool> json = MoeCommand.JsonOption();
        command.Add(json);
        command.Runs(handler, r => new ChaosRunRequest(
            r.GetRequiredValue(file), flags.Request(r), r.GetValue(directory) is { } given ? Path.GetFullPath(given) : null, r.GetValue(seed), r.GetValue(dryRun), r.GetValue(json)));
        return command;
    }

    private static (long Step, TimeSpan Time) After(string? text) =>
        text is null ? (-1, TimeSpan.Zero)
        : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long step) ? (step, TimeSpan.Zero)
        : (-1, Duration("--after", text));

    private static TimeSpan Duration(string flag, string? text) =>
        text is null ? TimeSpan.Zero
        : Quantities.TryDuration(text, out TimeSpan time) ? time
        : throw new CommandException(ExitCodes.CommandLine, $"{flag} {text}: expected {(flag == "--after" ? "a number of steps, or " : "")}a duration such as 500ms, 5s or 1min");
}
