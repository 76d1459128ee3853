using Akka.Actor;
using Akka.Configuration;
using Akka.Event;

using MoeActors.Actors.ControlPlane;

namespace MoeActors.Host.Diagnostics;

/// <summary>
/// Akka's log events into the node's structured log. Named in <c>akka.loggers</c>; the file comes from <c>moe.log</c>: <c>file</c> (empty: nothing is written),
/// <c>node</c>, <c>max-bytes</c>, <c>files</c>.
/// </summary>
public sealed class NodeLogger : ReceiveActor
{
    private readonly NodeLogWriter? _writer;

    /// <summary>Started by Akka, one per actor system.</summary>
    public NodeLogger()
    {
        _writer = Open(Context.System.Settings.Config);
        Receive<InitializeLogger>(_ => Sender.Tell(new LoggerInitialized()));
        Receive<LogEvent>(Write);
    }

    /// <summary>The settings that attach this logger to an actor system.</summary>
    /// <param name="file">The node's log file.</param>
    /// <param name="node">Name of the node.</param>
    /// <param name="maxBytes">Size at which the file is turned over.</param>
    /// <param name="files">Files kept.</param>
    public static Config Settings(string file, string node, long maxBytes = 8 << 20, int files = 4) => ConfigurationFactory.ParseString(
        $"""
        akka.loggers = ["{typeof(NodeLogger).AssemblyQualifiedName}"]
        moe.log.file = {HoconText.Quote(file)}
        moe.log.node = {HoconText.Quote(node)}
        moe.log.max-bytes = {maxBytes}
        moe.log.files = {files}
        """);

    /// <inheritdoc />
    protected override void PostStop() => _writer?.Dispose();

    private static NodeLogWriter? Open(Config config)
    {
        string file = config.GetString("moe.log.file", "");
        return file.Length == 0
            ? null
            : new NodeLogWriter(file, config.GetString("moe.log.node", ""), config.GetLong("moe.log.max-bytes", 8 << 20), config.GetInt("moe.log.files", 4));
    }

    private void Write(LogEvent happened)
    {
        string level = happened.LogLevel() switch
        {
            LogLevel.DebugLevel => "debug",
            LogLevel.InfoLevel => "info",
            LogLevel.WarningLevel => "warning",
            _ => "error",
        };
        string message = happened.Message?.ToString() ?? "";
        _writer?.Write(level, happened.LogSource, happened.Cause is { } cause ? $"{message}: {cause}" : message);
    }
}
