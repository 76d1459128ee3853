namespace MoeActors.Compute.Checkpoints.Format;

/// <summary>One shard file a manifest refers to. Its header is checked by its own checksum, its data entry by entry.</summary>
/// <param name="File">Path relative to the checkpoints folder, with '/'.</param>
/// <param name="Bytes">Length of the whole file.</param>
/// <param name="HeaderBytes">Bytes before the data: 8 of length, the JSON header and its padding; a multiple of 64.</param>
/// <param name="HeaderChecksum">XxHash128 of those bytes, 32 lower-case hex digits.</param>
public sealed record CheckpointFile(string File, long Bytes, long HeaderBytes, string HeaderChecksum);
