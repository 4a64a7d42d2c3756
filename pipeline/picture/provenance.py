"""Say in a file that a model made its picture, as IPTC's DigitalSourceType in XMP, which search engines and social
networks read (IPTC Photo Metadata Standard 2023.1; XMP in PNG: Adobe XMP part 3, 1.1.5).
"""

from __future__ import annotations

from PIL import PngImagePlugin

from pipeline.values import GenerationRequest

KEYWORD = "XML:com.adobe.xmp"
SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
MADE, EDITED = "trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia"
# assets/png-text.js writes the same packet into what the browser puts together
PACKET = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
    'xmlns:xmp="http://ns.adobe.com/xap/1.0/">'
    "<xmp:CreatorTool>Croquis</xmp:CreatorTool>"
    f"<Iptc4xmpExt:DigitalSourceType>{SOURCE_TYPES}{{kind}}</Iptc4xmpExt:DigitalSourceType>"
    '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
)


def write_xmp(request: GenerationRequest) -> str:
    """Return the XMP packet of a picture: made by a model, or another picture edited by one where it began from one."""
    return PACKET.format(kind=find_source_type(request))


def find_source_type(request: GenerationRequest) -> str:
    """Return IPTC's word for what a picture came from: a model, or another picture and a model."""
    return MADE if request.start is None else EDITED


def make_png_texts(xmp: str) -> PngImagePlugin.PngInfo:
    """Return the texts of a PNG file with this XMP packet, for more to be added."""
    texts = PngImagePlugin.PngInfo()
    texts.add_itxt(KEYWORD, xmp)
    return texts
