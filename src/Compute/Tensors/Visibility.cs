using System.Runtime.CompilerServices;

// The kernels are internal; their tests are not.
[assembly: InternalsVisibleTo("MoeActors.Compute.Tests")]
