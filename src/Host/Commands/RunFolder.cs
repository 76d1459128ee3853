using System.CommandLine;
using MoeActors.Actors.Checkpointing;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Specs;
using MoeActors.Host.Reports;

namespace MoeActors.Host.Commands;

/// <summary>The argument RUN-DIR.</summary>
internal static class RunFolder
{
    /// <summary>Its name.</summary>
    public const string ArgumentName = "RUN-DIR";

    /// <summary>The argument.</summary>
    public static Argument<string> Argument() => new(ArgumentName) { Description = "Directory of the run, as `moe train` named it." };

    /// <summary>Absolute path of an existing run directory.</summary>
    public static string Existing(string given)
    {
        string path = Path.GetFullPath(given);
        return Directory.Exists(path)
            ? path
            : throw new CommandException(ExitCodes.Checkpoint, $"{given}: no such run directory; expected the --run-dir of an earlier `moe train` (by default below runs/)");
    }

    /// <summary>The record of a run; null where there is none that can be read (a checkpoints folder named directly has none).</summary>
    public static RunSpec? Record(string runDirectory)
    {
        string path = Path.Combine(runDirectory, RunReports.RecordName);
        try
        {
            return File.Exists(path) ? RunSpec.FromJson(File.ReadAllText(path), path) : null;
        }
        catch (SpecException) when (Directory.Exists(CheckpointPaths.InRun(runDirectory)))
        {
            // Checkpoints can be looked at without the record, where they lie beside it.
            return null;
        }
    }

    /// <summary>Hands the run's checkpoints to <paramref name="use"/>: of its folder, or of the object store that its record names.</summary>
    /// <param name="run">The run.</param>
    /// <param name="writes">Whether anything is to be changed.</param>
    /// <param name="use">What to do with them.</param>
    public static T WithStore<T>(RunPlace run, bool writes, Func<CheckpointStore, T> use)
    {
        if (Record(run.Directory) is not { Checkpoint.Location.Length: > 0 } record)
        {
            return use(new CheckpointStore(Checkpoints(run.Directory)));
        }

        using var places = new CheckpointPlaces(run.ObjectStore);
        return use(writes ? places.Open(record, run.Directory) : places.OpenToRead(record, run.Directory));
    }

    /// <summary>The folder of a run's checkpoints: "checkpoints" in its directory, or the directory itself where one was named directly.</summary>
    private static string Checkpoints(string runDirectory)
    {
        string inside = CheckpointPaths.InRun(runDirectory);
        return !Directory.Exists(inside) && Directory.EnumerateFiles(runDirectory, "*" + CheckpointPaths.ManifestSuffix).Any() ? runDirectory : inside;
    }
}
