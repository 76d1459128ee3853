using System.Buffers;
using System.Runtime.Serialization;

using MessagePack;

using MoeActors.Actors.Cluster.Journal;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Tests.Cluster;

/// <summary>What the coordinator's journal stores is never believed when it is altered.</summary>
public sealed class JournalEntriesTests
{
    private static readonly JournalEntry.CheckpointPublished Entry = new(50, """{"contributed":200}""");

    [Fact]
    public void A_flipped_bit_anywhere_in_a_stored_entry_is_found()
    {
        byte[] sound = ControlSerializer.Write(Entries.Write(Entry));
        Assert.Equal(Entry, Read(sound));
        for (int bit = 0; bit < 8 * sound.Length; bit++)
        {
            byte[] bad = [.. sound];
            bad[bit / 8] ^= (byte)(1 << (bit % 8));
            Exception e = Assert.ThrowsAny<Exception>(() => Read(bad));
            Assert.True(e is SerializationException or SpecException, $"bit {bit}: {e}");
        }
    }

    [Fact]
    public void An_altered_entry_is_named_with_what_to_do()
    {
        CoordinatorEntry entry = Entries.Write(Entry);
        string message = Assert.Throws<SpecException>(() => Entries.Read(entry with { Json = entry.Json.Replace("50", "51") })).Message;
        Assert.Contains("journal: entry 'CheckpointPublished' is altered", message, StringComparison.Ordinal);
        Assert.Contains("resume the run", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Entries_of_builds_that_wrote_no_checksum_are_still_read()
    {
        CoordinatorEntry entry = Entries.Write(Entry);
        var buffer = new ArrayBufferWriter<byte>();
        var writer = new MessagePackWriter(buffer);
        writer.Write(entry.Kind);
        writer.Write(entry.Json);
        writer.Flush();
        Assert.Equal(Entry, Read(buffer.WrittenSpan.ToArray()));
    }

    private static JournalEntry Read(byte[] stored) => Entries.Read((CoordinatorEntry)ControlSerializer.Read(stored, "journal"));
}
