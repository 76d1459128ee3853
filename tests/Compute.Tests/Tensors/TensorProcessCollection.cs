namespace MoeActors.Compute.Tests.Tensors;

/// <summary>Tests of what belongs to the whole process (live tensors, matmul mode): they run alone.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class TensorProcessCollection
{
    public const string Name = "whole process";
}
