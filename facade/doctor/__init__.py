"""The doctor: is everything as it has to be before money is put behind it? It looks, and changes nothing."""

from surefill.doctor.admission import admitted, key_hint
from surefill.doctor.examination import examine
from surefill.doctor.finding import Finding, Verdict, worst
from surefill.doctor.patient import Patient, Place

__all__ = ["Finding", "Patient", "Place", "Verdict", "admitted", "examine", "key_hint", "worst"]
