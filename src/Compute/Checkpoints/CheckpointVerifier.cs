using MoeActors.Compute.Checkpoints.Files;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Checkpoints.Storage;

namespace MoeActors.Compute.Checkpoints;

/// <summary>Reads every byte a manifest refers to and names every difference.</summary>
internal static class CheckpointVerifier
{
    public static IReadOnlyList<CheckpointProblem> Verify(ICheckpointStorage storage, Manifest manifest, CancellationToken cancellation)
    {
        using var files = new ShardFiles(storage, manifest);
        var problems = new List<CheckpointProblem>();
        ILookup<string, CheckpointEntry> entries = manifest.Entries.ToLookup(e => e.File);
        foreach (CheckpointFile file in manifest.Files)
        {
            if (files.Check(file) is { } problem)
            {
                problems.Add(problem); // its entries cannot be trusted either: one line for the file
                continue;
            }

            foreach (CheckpointEntry entry in entries[file.File].OrderBy(e => e.Offset))
            {
                try
                {
                    files.Stream(entry, static (_, _) => { }, cancellation);
                }
                catch (ShardProblemException e)
                {
                    problems.Add(e.Problem);
                }
                catch (IOException e)
                {
                    problems.Add(new CheckpointProblem(file.File, entry.Name, $"{entry.Bytes} readable bytes", e.Message, $"{file.File}: {entry.Name}: unreadable: {e.Message}"));
                }
            }
        }

        return problems;
    }
}
