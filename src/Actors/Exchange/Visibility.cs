using System.Runtime.CompilerServices;

// Tests speak the wire protocol themselves: half-valid peers cannot be made from the public surface.
[assembly: InternalsVisibleTo("MoeActors.Actors.Tests")]
