using MoeActors.Compute.Checkpoints.Storage;

namespace MoeActors.Compute.Checkpoints.Format;

/// <summary>A small object as a whole.</summary>
/// <param name="Content">Its bytes.</param>
/// <param name="Tag">Names this very content in <see cref="PutCondition.Replaces"/>.</param>
public sealed record SmallObject(byte[] Content, string Tag)
{
    /// <summary>Most bytes of a manifest or a fence: half a million tensors. What claims more is not read into memory.</summary>
    public const long MostBytes = 256 << 20;

    /// <summary>Room for an object of <paramref name="bytes"/>; throws <see cref="CheckpointException"/> naming <paramref name="path"/> when no small object is that large.</summary>
    public static byte[] Room(string path, long bytes) => bytes <= MostBytes
        ? new byte[bytes]
        : throw new CheckpointException($"{path}: {bytes} bytes, at most {MostBytes} are read; {ManifestFormat.Remedy}");
}
