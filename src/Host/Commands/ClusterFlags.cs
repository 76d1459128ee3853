using System.CommandLine;

using MoeActors.Host.Configuration;

namespace MoeActors.Host.Commands;

/// <summary>The flags by which a command names a running cluster: --cluster or --run-dir, with the settings that say how it is reached.</summary>
internal sealed class ClusterFlags
{
    private readonly Option<string?> cluster = new("--cluster") { HelpName = "HOST:PORT", Description = "Any node of the cluster." };
    private readonly Option<string?> directory = new("--run-dir") { HelpName = "DIR", Description = "Instead of --cluster: run directory of a `moe train` or `moe resume` that is under way here." };
    private readonly SettingFlags flags;

    /// <summary>Adds the flags to <paramref name="command"/>.</summary>
    public ClusterFlags(MoeCommand command)
    {
        command.Add(cluster);
        command.Add(directory);
        flags = new SettingFlags(command);
    }

    /// <summary>The cluster that the command line names; throws where it names none, or two.</summary>
    public ClusterPlace Place(ParseResult result) => (result.GetValue(cluster), result.GetValue(directory)) switch
    {
        ({ } address, null) => new ClusterPlace(ClusterCommands.Address(address), null, SettingsLoader.Load(flags.Request(result))),
        (null, { } given) => Local(RunFolder.Existing(given), flags.Request(result)),
        _ => throw new CommandException(ExitCodes.CommandLine, "expected either --cluster HOST:PORT or --run-dir DIR"),
    };

    private static ClusterPlace Local(string folder, SettingsRequest request)
    {
        string config = Path.Combine(folder, NodeConfig.Name);
        return File.Exists(config)
            ? new ClusterPlace(null, folder, SettingsLoader.Load(request.ConfigFile is null ? request with { ConfigFile = config, ConfigIsWritten = true } : request))
            : throw new CommandException(ExitCodes.Cluster, $"{folder}: no {NodeConfig.Name} in it: no `moe train` runs there; name a node by --cluster HOST:PORT");
    }
}
