namespace MoeActors.Compute.Checkpoints.Storage;

/// <summary>A file in a data folder.</summary>
/// <param name="File">Path relative to the checkpoints folder.</param>
/// <param name="Step">Step of its folder.</param>
/// <param name="Bytes">Length.</param>
public sealed record StoredFile(string File, long Step, long Bytes);
