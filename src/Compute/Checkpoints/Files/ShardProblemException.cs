using MoeActors.Compute.Checkpoints.Format;

namespace MoeActors.Compute.Checkpoints.Files;

/// <summary>A stored file or entry that is not as its manifest says; carries the parts for a report.</summary>
internal sealed class ShardProblemException(string file, string? tensor, string expected, string found, string what) : Exception(Sentence(file, tensor, expected, found, what))
{
    public CheckpointProblem Problem { get; } = new(file, tensor, expected, found, Sentence(file, tensor, expected, found, what));

    private static string Sentence(string file, string? tensor, string expected, string found, string what) =>
        $"{file}{(tensor is null ? "" : $": {tensor}")}: {what}: expected {expected}, found {found}";
}
