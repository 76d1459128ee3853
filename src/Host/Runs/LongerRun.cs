using MoeActors.Actors.Checkpointing;
using MoeActors.Compute.Checkpoints.Storage.ObjectStores;
using MoeActors.Compute.Specs;

namespace MoeActors.Host.Runs;

/// <summary>A run that is given more steps: its record says from what to what, after which checkpoint, by whom and when.</summary>
internal static class LongerRun
{
    /// <summary>Writes the extension into the record of a claimed run folder and returns the record with it; changes nothing where nothing of the training section is to change.</summary>
    /// <param name="recorded">The record as it stands.</param>
    /// <param name="asked">The record with the training section that is asked for.</param>
    /// <param name="folder">The run's folder, whose lock this command has.</param>
    /// <param name="objectStore">How its object store is reached, where its checkpoints lie in one.</param>
    /// <param name="say">What is worth a line.</param>
    public static RunSpec Record(RunSpec recorded, RunSpec asked, string folder, ObjectStoreOptions objectStore, Action<string> say)
    {
        if (asked.Training == recorded.Training)
        {
            return asked;
        }

        using var places = new CheckpointPlaces(objectStore);
        long newest = places.OpenToRead(recorded, folder).Newest()?.Step ?? 0;
        RunSpec spec = Extend(recorded, asked, newest, TimeProvider.System.GetUtcNow(), $"{Environment.UserName}@{Environment.MachineName}");
        RunFolders.Replace(folder, spec with { Nodes = recorded.Nodes });
        say(Sentence(spec.Extensions![^1]));
        return spec;
    }

    /// <summary>PURE: the record with one more extension.</summary>
    public static RunSpec Extend(RunSpec recorded, RunSpec asked, long after, DateTimeOffset at, string by) => asked with
    {
        Extensions =
        [
            .. recorded.Extensions ?? [],
            new RunExtension { After = after, From = recorded.Training.Steps, To = asked.Training.Steps, At = at, By = by, Before = recorded.Training },
        ],
    };

    /// <summary>What is said of it.</summary>
    public static string Sentence(RunExtension e) => $"the run was given {e.To} steps instead of {e.From}, after step {e.After}, by {e.By}";
}
