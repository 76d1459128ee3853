using System.CommandLine;
using MoeActors.Compute.Checkpoints;

namespace MoeActors.Host.Commands;

/// <summary>The argument RUN-DIR.</summary>
internal static class RunFolder
{
    /// <summary>The argument.</summary>
    public static Argument<string> Argument() => new("RUN-DIR") { Description = "Directory of the run, as `moe train` named it." };

    /// <summary>Absolute path of an existing run directory.</summary>
    public static string Existing(string given)
    {
        string path = Path.GetFullPath(given);
        return Directory.Exists(path)
            ? path
            : throw new CommandException(ExitCodes.Checkpoint, $"{given}: no such run directory; expected the --run-dir of an earlier `moe train` (by default below runs/)");
    }

    /// <summary>The folder of a run's checkpoints: "checkpoints" in its directory, or the directory itself where one was named directly.</summary>
    public static string Checkpoints(string runDirectory)
    {
        string inside = Path.Combine(runDirectory, "checkpoints");
        return !Directory.Exists(inside) && Directory.EnumerateFiles(runDirectory, "*" + CheckpointPaths.ManifestSuffix).Any() ? runDirectory : inside;
    }
}
