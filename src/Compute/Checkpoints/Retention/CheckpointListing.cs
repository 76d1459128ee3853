using MoeActors.Compute.Checkpoints.Format;

namespace MoeActors.Compute.Checkpoints.Retention;

/// <summary>What a checkpoints folder holds.</summary>
/// <param name="Valid">Readable manifests, newest first.</param>
/// <param name="Broken">Manifests that cannot be read, newest first.</param>
public sealed record CheckpointListing(IReadOnlyList<Manifest> Valid, IReadOnlyList<BrokenManifest> Broken);

/// <summary>A manifest that cannot be read.</summary>
/// <param name="Step">Step by its name.</param>
/// <param name="File">File name.</param>
/// <param name="Reason">One sentence.</param>
/// <param name="NewerSchema">Whether it is sound but of a newer build.</param>
public sealed record BrokenManifest(long Step, string File, string Reason, bool NewerSchema);

/// <summary>A published checkpoint.</summary>
/// <param name="Step">Step.</param>
/// <param name="File">Manifest's file name.</param>
/// <param name="Checksum">Manifest's checksum.</param>
/// <param name="Already">Whether this very manifest had been published before.</param>
/// <param name="Ms">Milliseconds.</param>
/// <param name="Warning">Why the rename may not survive a power failure; null when it does.</param>
public sealed record PublishResult(long Step, string File, string Checksum, bool Already, double Ms, string? Warning);
