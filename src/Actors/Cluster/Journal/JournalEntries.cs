using System.Text;
using System.Text.Json;

using MoeActors.Actors.Protocol;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Cluster.Journal;

/// <summary>Journal entries as wire messages, each under a checksum of its own.</summary>
internal static class Entries
{
    public static CoordinatorEntry Write(JournalEntry entry)
    {
        (string kind, string json) = (entry.GetType().Name, JsonSerializer.Serialize(entry, entry.GetType()));
        return new CoordinatorEntry(kind, json, ChecksumOf(kind, json));
    }

    /// <summary>Reads an entry; throws <see cref="SpecException"/> for one that is altered or of another version. Entries of builds that wrote no checksum are taken as they are.</summary>
    public static JournalEntry Read(CoordinatorEntry entry)
    {
        string found = ChecksumOf(entry.Kind, entry.Json);
        if (entry.Checksum.Length > 0 && entry.Checksum != found)
        {
            throw new SpecException($"journal: entry '{entry.Kind}' is altered: it states checksum {entry.Checksum} and has {found}; {JournalDamage.Remedy}");
        }

        Type type = entry.Kind switch
        {
            nameof(JournalEntry.CoordinatorStarted) => typeof(JournalEntry.CoordinatorStarted),
            nameof(JournalEntry.RunAccepted) => typeof(JournalEntry.RunAccepted),
            nameof(JournalEntry.EpochBegan) => typeof(JournalEntry.EpochBegan),
            nameof(JournalEntry.CheckpointPublished) => typeof(JournalEntry.CheckpointPublished),
            nameof(JournalEntry.StepSkipped) => typeof(JournalEntry.StepSkipped),
            nameof(JournalEntry.KChanged) => typeof(JournalEntry.KChanged),
            nameof(JournalEntry.CheckpointsChosen) => typeof(JournalEntry.CheckpointsChosen),
            nameof(JournalEntry.StopAsked) => typeof(JournalEntry.StopAsked),
            nameof(JournalEntry.RunEnded) => typeof(JournalEntry.RunEnded),
            _ => throw new SpecException($"journal: unknown entry '{entry.Kind}': it was written by another version; {JournalDamage.Remedy}"),
        };
        return (JournalEntry)JsonSerializer.Deserialize(entry.Json, type)!;
    }

    private static string ChecksumOf(string kind, string json) => Checksums.Of(Encoding.UTF8.GetBytes($"{kind}\n{json}"));
}
