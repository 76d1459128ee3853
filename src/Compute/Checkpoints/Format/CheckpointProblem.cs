namespace MoeActors.Compute.Checkpoints.Format;

/// <summary>One thing wrong with a stored checkpoint.</summary>
/// <param name="File">File, relative to the checkpoints folder.</param>
/// <param name="Tensor">Stored name of the tensor ("layers.0.attn.q@master[0:4096]"); null when the file as a whole is concerned.</param>
/// <param name="Expected">What was expected.</param>
/// <param name="Found">What was found.</param>
/// <param name="Message">All of it in one sentence.</param>
public sealed record CheckpointProblem(string File, string? Tensor, string Expected, string Found, string Message);
