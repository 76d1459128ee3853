using System.Globalization;
using System.Text.RegularExpressions;

namespace MoeActors.Host.Commands;

/// <summary>How many files this process may have open. Too few show as whatever could not be opened: an assembly said to be missing, a socket, a node that dies.</summary>
internal static partial class OpenFiles
{
    /// <summary>Least that a command which runs nodes needs: its assemblies and libraries, 64 files of text, the checkpoint being written, and sockets to every other node.</summary>
    public const int Least = 256;

    /// <summary>Number of the error that the system gives for one file too many.</summary>
    private const int TooMany = 24;

    /// <summary>What this process may have open; null where the system does not say.</summary>
    public static long? Limit
    {
        get
        {
            try
            {
                return Parse(File.ReadAllText("/proc/self/limits"));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return null;
            }
        }
    }

    /// <summary>Throws <see cref="CommandException"/> where it is too few for a node: before any is started, for each would fail at another place.</summary>
    public static void Demand()
    {
        if (Problem(Limit) is { } problem)
        {
            throw new CommandException(ExitCodes.Resources, problem);
        }
    }

    /// <summary>PURE: the sentence for a limit that is too low; null for one that will do.</summary>
    public static string? Problem(long? limit) => limit < Least
        ? string.Create(CultureInfo.InvariantCulture, $"this process may have only {limit} files open, at least {Least} are needed: raise the limit (ulimit -n 4096) and start again")
        : null;

    /// <summary>PURE: what a failure is really about where this process may have too few files open; null where it is about something else.</summary>
    public static string? Explain(Exception failure, long? limit) => failure switch
    {
        IOException { HResult: TooMany } => Problem(limit) ?? $"too many files are open ({failure.Message}): raise the limit (ulimit -n 4096) and start again",
        FileNotFoundException or FileLoadException or BadImageFormatException or DllNotFoundException => Problem(limit),
        _ => null,
    };

    /// <summary>PURE: the soft limit in a text like /proc/self/limits; null = unlimited or not there.</summary>
    public static long? Parse(string limits) =>
        Line().Match(limits) is { Success: true } match && long.TryParse(match.Groups[1].Value, NumberStyles.None, CultureInfo.InvariantCulture, out long limit) ? limit : null;

    [GeneratedRegex(@"^Max open files\s+(\S+)", RegexOptions.Multiline)]
    private static partial Regex Line();
}
